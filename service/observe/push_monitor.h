#pragma once

// Who is told how the venues' push sockets are doing.

#include <memory>
#include <optional>

#include "clients/core/error.h"
#include "clients/core/push_end.h"
#include "clients/core/source_info.h"
#include "service/feed/source_feed.h"

namespace balance {

// One login's socket as it was before what is told.
struct PushStatus {
  // One of the sources that share it.
  std::shared_ptr<const SourceInfo> source;
  // Whether the venue tells of changes.
  bool is_up = false;
  // Number of failures since it last did, and the latest of them; unset if there was none.
  int failures = 0;
  std::optional<PushEnd> latest_end;
  std::optional<ErrorKind> latest_kind;
};

// Told on the shards' threads; must not block.
class PushMonitor {
 public:
  virtual ~PushMonitor() = default;

  virtual void OnPushUp(const PushStatus& /*before*/) {}
  virtual void OnPushFailure(const PushStatus& /*before*/, PushEnd /*why*/,
                             const Error& /*error*/) {}
  // Told for each source that a hint reaches.
  virtual void OnHint(const SourceInfo& /*source*/, HintResult /*result*/) {}
};

}  // namespace balance
