#pragma once

// The unary calls of one method on one queue: awaited, handled, and over.

#include <grpcpp/server_context.h>
#include <grpcpp/support/async_unary_call.h>
#include <grpcpp/support/byte_buffer.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "service/rpc/call_queue.h"
#include "service/rpc/incoming_call.h"
#include "service/rpc/open_calls.h"

namespace balance {

// Used on the queue's thread only, apart from Await(), which comes first.
class UnaryCalls {
 public:
  using Writer = grpc::ServerAsyncResponseWriter<grpc::ByteBuffer>;
  // RequestX() of a service whose method X is raw.
  using Request = std::function<void(grpc::ServerContext*, grpc::ByteBuffer*, Writer*,
                                     grpc::ServerCompletionQueue*, void* tag)>;
  using Handle = std::function<void(IncomingCall&)>;

  // `queue` and `open_calls` must outlive this, which must outlive the queue's events. Every call
  // counts as open from being awaited to being over.
  UnaryCalls(grpc::ServerCompletionQueue& queue, OpenCalls& open_calls, Request request,
             Handle handle);
  UnaryCalls(const UnaryCalls&) = delete;
  UnaryCalls& operator=(const UnaryCalls&) = delete;
  ~UnaryCalls();

  // Awaits so many calls at once from now on: each that comes is replaced.
  void Await(int calls);

 private:
  class Call;

  void AwaitOne();
  void OnCame(Call& call);
  void OnOver(Call& call);

  grpc::ServerCompletionQueue& queue_;
  OpenCalls& open_calls_;
  const Request request_;
  const Handle handle_;
  // To be used again, at most so many.
  std::size_t spare_limit_ = 0;
  std::vector<std::unique_ptr<Call>> spare_;
};

}  // namespace balance
