#pragma once

// A call as its handler sees it, whatever engine serves it.

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "clients/core/clock.h"
#include "service/transport/call_status.h"
#include "service/transport/metadata.h"
#include "service/transport/peer_identity.h"
#include "service/transport/response.h"
#include "service/transport/server_stream.h"

namespace balance {

// Work in progress on behalf of a call that is answered later.
class CallWork {
 public:
  virtual ~CallWork() = default;

  // The caller has left: nobody waits for the answer any more. The call must be finished all the
  // same, and may be already. Called at most once, on the thread that called the handler.
  virtual void OnCallerLeft() = 0;
};

// A unary call lives until it is finished; a stream lives until it is over. Handlers are called on
// the thread of the call's loop, and everything here but Finish() is used on that thread only.
class Call {
 public:
  virtual ~Call() = default;

  // When the caller ceases to wait; unset if it named no time. The engine ends the call then, if
  // nobody else has.
  virtual std::optional<SteadyTime> deadline() const = 0;
  // Empty once the caller has left.
  virtual const Metadata& metadata() const = 0;
  // Lives as long as the call; nobody once the caller has left.
  virtual const PeerIdentity& identity() const = 0;
  // The address that the connection comes from, such as "127.0.0.1:4711" or "[::1]:4711". Proves
  // nothing.
  virtual std::string peer() const = 0;
  // The request message of a call with one; lives until the handler returns, or finishes the call.
  virtual std::string_view request() const = 0;

  // Keeps `work` as long as the call lives, and tells it if the caller leaves. REQUIRES: called at
  // most once, by the handler of a unary call, before Finish() can be.
  virtual void Keep(std::unique_ptr<CallWork> work) = 0;

  // Answers a unary call: with `response` if the status is OK, else with the status alone. A caller
  // that is told UNAVAILABLE is told not to repeat the call by itself (gRFC A6 retry pushback): the
  // retries of the published service config are for servers that are gone, not for upstreams.
  // Thread-safe. REQUIRES: called exactly once; the call is not used afterwards.
  virtual void Finish(Response response, CallStatus status) = 0;

  // Makes a call of a streaming method a stream. REQUIRES: called exactly once, by the handler of a
  // streaming method.
  virtual ServerStream& Open(std::unique_ptr<StreamHandler> handler) = 0;
};

}  // namespace balance
