#pragma once

// A call as its handler sees it, whatever serves it.

#include <grpcpp/support/status.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

#include "service/rpc/message_bytes.h"
#include "service/rpc/peer_identity.h"

namespace balance {

// Work in progress on behalf of a call that is answered later.
class CallWork {
 public:
  virtual ~CallWork() = default;

  // The caller has left: nobody waits for the answer any more. The call is to be finished all the
  // same, and may be already. Called at most once, on the thread that called the handler.
  virtual void OnCallerLeft() = 0;
};

// Lives until it is finished, and until gRPC is done with it. What it tells is not thread-safe.
class IncomingCall {
 public:
  virtual ~IncomingCall() = default;

  // The caller's deadline; max() if it has none.
  virtual std::chrono::system_clock::time_point deadline() const = 0;
  // Values of `authorization` in the call's metadata; live as long as the call.
  virtual Authorizations authorizations() const = 0;
  // Identity that the call's connection proves.
  virtual PeerIdentity identity() const = 0;
  // Address that the call comes from, as gRPC writes it. Proves nothing.
  virtual std::string peer() const = 0;
  // The request message; none if the caller sent none, or left before it had come.
  virtual const MessageBytes& request() = 0;

  // Keeps `work` as long as the call lives, and has it told if the caller leaves; nobody is told of
  // a call without. Called at most once, by the handler, before Finish() can be.
  virtual void Keep(std::unique_ptr<CallWork> work) = 0;

  // Whether there is room for an answer of so many bytes to wait for the caller to take it; the
  // room is kept until the call is over. Called at most once, before Finish(), on the same thread.
  // Where nothing bounds what waits there is always room.
  virtual bool MakeRoom(std::size_t /*bytes*/) { return true; }

  // Answers with a message, which is not looked at unless the status is OK. A caller that is told
  // UNAVAILABLE is told not to repeat the call by itself: the retries of the published service
  // config are for servers that are gone, not for upstreams. Called exactly once, on any thread;
  // the call must not be used afterwards.
  virtual void Finish(MessageBytes response, const grpc::Status& status) = 0;
};

}  // namespace balance
