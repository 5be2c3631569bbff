#pragma once

// A call as its handler sees it, whatever serves it.

#include <grpcpp/server_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/status.h>

#include <memory>

namespace balance {

// What works for a call that cannot be answered at once.
class CallWork {
 public:
  virtual ~CallWork() = default;

  // The caller has left: nobody waits for the answer any more. The call is to be finished all the
  // same, and may be already. Called at most once, on the thread that called the handler.
  virtual void OnCallerLeft() = 0;
};

// Lives until it is finished, and until gRPC is done with it.
class IncomingCall {
 public:
  virtual ~IncomingCall() = default;

  // Metadata, deadline and peer of the call. Not thread-safe.
  virtual grpc::ServerContextBase& context() = 0;
  // The bytes of its message.
  virtual const grpc::ByteBuffer& request() const = 0;

  // Keeps `work` as long as the call lives. Called at most once, by the handler.
  virtual void Keep(std::unique_ptr<CallWork> work) = 0;

  // Answers with the bytes of a message, which are not looked at unless the status is OK. Called
  // exactly once, on any thread; the call must not be used afterwards.
  virtual void Finish(const grpc::ByteBuffer& response, const grpc::Status& status) = 0;
};

}  // namespace balance
