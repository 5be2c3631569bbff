#pragma once

// The calls of grpc.health.v1.Health/Watch on one queue.

#include <grpc/grpc.h>

#include "service/rpc/call_queue.h"
#include "service/rpc/core_methods.h"
#include "service/rpc/health_states.h"
#include "service/rpc/open_calls.h"

namespace balance {

// Used on the queue's thread only, apart from Await(), which comes first. A watch ends with its
// caller or with the server's calls.
class HealthWatches {
 public:
  // All must outlive the queue's events. Every watch counts as open from being awaited to being
  // over.
  HealthWatches(const CoreMethods::Method& method, CallQueue& queue, OpenCalls& open_calls,
                HealthStates& states);

  // One call at a time from now on: each that comes is replaced. REQUIRES: called once; `server`
  // has the method, and outlives the watches.
  void Await(grpc_server* server);

 private:
  class Watch;

  void AwaitOne();

  const CoreMethods::Method& method_;
  CallQueue& queue_;
  OpenCalls& open_calls_;
  HealthStates& states_;
  grpc_server* server_ = nullptr;
};

}  // namespace balance
