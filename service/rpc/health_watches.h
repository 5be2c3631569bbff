#pragma once

// The calls of grpc.health.v1.Health/Watch on one queue.

#include <grpcpp/server_context.h>
#include <grpcpp/support/async_stream.h>
#include <grpcpp/support/byte_buffer.h>

#include <functional>

#include "service/rpc/call_queue.h"
#include "service/rpc/health_states.h"
#include "service/rpc/open_calls.h"

namespace balance {

// Used on the queue's thread only, apart from Await(), which comes first. A watch ends with its
// caller or with the server's calls.
class HealthWatches {
 public:
  using Writer = grpc::ServerAsyncWriter<grpc::ByteBuffer>;
  // RequestWatch() of a service whose method Watch is raw.
  using Request = std::function<void(grpc::ServerContext*, grpc::ByteBuffer*, Writer*,
                                     grpc::ServerCompletionQueue*, void* tag)>;

  // All must outlive the queue's events. Every watch counts as open from being awaited to being
  // over.
  HealthWatches(grpc::ServerCompletionQueue& queue, OpenCalls& open_calls, Request request,
                HealthStates& states);

  // One call at a time from now on: each that comes is replaced.
  void Await();

 private:
  class Watch;

  grpc::ServerCompletionQueue& queue_;
  OpenCalls& open_calls_;
  const Request request_;
  HealthStates& states_;
};

}  // namespace balance
