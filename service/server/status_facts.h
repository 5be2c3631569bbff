#pragma once

// What the status page tells, as plain values of one moment.

#include <string>
#include <utility>
#include <vector>

#include "clients/core/clock.h"
#include "clients/core/source_info.h"
#include "service/feed/source_status.h"
#include "service/observe/refresh_history.h"
#include "service/transport/transport_stats.h"

namespace balance {

// Names and values under a heading.
struct StatusSection {
  std::string title;
  std::vector<std::pair<std::string, std::string>> rows;
};

struct StatusFacts {
  Now now;
  // Such as "0.1.0".
  std::string version;
  // Whether callers are told to come.
  bool is_ready = false;
  // Of all sources that there can be.
  std::vector<NamedKind> kinds;
  std::vector<SourceStatus> sources;
  RefreshHistory::ByKind history;
  std::vector<ConnectionInfo> connections;
  // In the order in which they are shown.
  std::vector<StatusSection> sections;
};

}  // namespace balance
