#pragma once

// The unary calls of one method on one queue: awaited, handled, and over.

#include <grpc/grpc.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "service/rpc/call_queue.h"
#include "service/rpc/core_methods.h"
#include "service/rpc/incoming_call.h"
#include "service/rpc/open_calls.h"
#include "service/rpc/unsent_answers.h"

namespace balance {

// Used on the queue's thread only, apart from Await(), which comes first.
class UnaryCalls {
 public:
  using Handle = std::function<void(IncomingCall&)>;

  // All must outlive this, which must outlive the queue's events. Every call counts as open from
  // being awaited to being over.
  UnaryCalls(const CoreMethods::Method& method, CallQueue& queue, OpenCalls& open_calls,
             UnsentAnswers& unsent, Handle handle);
  UnaryCalls(const UnaryCalls&) = delete;
  UnaryCalls& operator=(const UnaryCalls&) = delete;
  ~UnaryCalls();

  // Awaits so many calls at once from now on: each that comes is replaced. REQUIRES: called once;
  // `server` has the method, and outlives the calls.
  void Await(grpc_server* server, int calls);

 private:
  class Call;

  void AwaitOne();
  void OnCame(Call& call);
  void OnOver(Call& call);

  const CoreMethods::Method& method_;
  CallQueue& queue_;
  OpenCalls& open_calls_;
  UnsentAnswers& unsent_;
  const Handle handle_;
  grpc_server* server_ = nullptr;
  // To be used again, at most so many.
  std::size_t spare_limit_ = 0;
  std::vector<std::unique_ptr<Call>> spare_;
};

}  // namespace balance
