#pragma once

// A gRPC server that runs, whatever engine it is.

#include <chrono>
#include <vector>

#include "service/transport/transport_stats.h"

namespace balance {

// Started by what knows its credentials; drained and stopped by the composition root on one thread.
class RpcServer {
 public:
  virtual ~RpcServer() = default;

  // Accepts nothing more and tells all peers to end their connections; calls in progress go on, as
  // do those that were on their way. Returns at once.
  virtual void Drain() = 0;

  // Ends all connections, and returns when every call that a handler has in its hands is finished:
  // handlers whose callers have left still run. REQUIRES: those that finish calls still run.
  virtual void Stop() = 0;

  // --- Of any thread ----------------------------------------------------------------------------

  // Whether connections that come are accepted, as far as is known.
  virtual bool accepts() const = 0;
  virtual TransportStats stats() const = 0;
  // The open connections as they are now, as far as the engine knows them. Waits `patience` at
  // most, and leaves out what does not answer. Not from a loop's thread.
  virtual std::vector<ConnectionInfo> Connections(std::chrono::milliseconds patience) const = 0;
};

}  // namespace balance
