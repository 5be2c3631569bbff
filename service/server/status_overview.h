#pragma once

// All sources as the status page lists them: judged, counted, and those with trouble first. Pure.

#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include "clients/core/clock.h"
#include "clients/core/path_state.h"
#include "clients/core/source_info.h"
#include "service/feed/source_status.h"
#include "service/observe/source_census.h"
#include "service/server/status_query.h"

namespace balance {

struct StatusRow {
  SourceStatus status;
  PathState path;
  // As a cached read shows it.
  SourceState state = SourceState::kNoData;
  // The latest refresh failed, or requests are forbidden.
  bool is_failing = false;
  // The same, or its push socket is down, or only the credential before still serves.
  bool is_troubled = false;
};

class StatusOverview {
 public:
  static constexpr std::size_t kPageSize = 100;

  StatusOverview(std::vector<SourceStatus> sources, const std::vector<NamedKind>& kinds, Now now);

  // Those that fail first, then those with other trouble, then the others, in the order given.
  const std::vector<StatusRow>& rows() const { return rows_; }
  std::size_t troubled() const { return troubled_; }

  // How the sources of one kind are doing.
  struct Kind {
    std::string name;
    std::size_t sources = 0;
    SourceCensus census;
  };
  // Of each kind that has sources.
  const std::vector<Kind>& kinds() const { return kinds_; }

  // A page of those rows that a query asks for.
  struct Page {
    std::vector<const StatusRow*> rows;
    // Number of rows on all pages.
    std::size_t total = 0;
    // Both from 1 on. `number` is at most `count`.
    std::size_t number = 1;
    std::size_t count = 1;
  };
  Page Find(const StatusQuery& query) const;

 private:
  std::vector<StatusRow> rows_;
  std::size_t troubled_ = 0;
  std::vector<Kind> kinds_;
};

}  // namespace balance
