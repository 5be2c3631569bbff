#pragma once

// Told of each call of the API. Implementations count and log.

#include <string_view>

#include "clients/core/clock.h"
#include "clients/core/status_code.h"
#include "clients/core/trace_context.h"
#include "service/access/access_denial.h"
#include "service/access/rpc_method.h"
#include "service/rpc/watch_event.h"

namespace balance {

// A call that names a trace and has failed. Valid during one call of OnTracedFailure().
struct TracedFailure {
  RpcMethod method = RpcMethod::kGetAccountSnapshot;
  StatusCode code = StatusCode::kUnknown;
  // The id of the caller's rule; empty if there is none.
  std::string_view caller;
  TraceContext trace;
};

// Called from any thread; must neither block nor lock for long.
class RpcObserver {
 public:
  virtual ~RpcObserver() = default;

  virtual void OnStarted(RpcMethod method) = 0;
  // `took`: from when the request had come until it was answered.
  virtual void OnHandled(RpcMethod method, StatusCode code, Duration took) = 0;
  // A call was refused because of who is calling; OnHandled() follows.
  virtual void OnDenied(const AccessDenial& denial) = 0;
  // Beside OnHandled().
  virtual void OnTracedFailure(const TracedFailure& /*failure*/) {}

  // Of streams of WatchAccountSnapshots, which are calls as well. One begins; it ends, or could not
  // begin because there were too many.
  virtual void OnWatchBegun() {}
  virtual void OnWatchEnded(WatchEnd /*why*/) {}
  // A message was written. `skipped`: how many changes it stands for beyond itself.
  virtual void OnWatchMessage(WatchEvent /*event*/, std::int64_t /*skipped*/) {}
  // A change was written so long after it was published.
  virtual void OnWatchDelivered(Duration /*took*/) {}
};

}  // namespace balance
