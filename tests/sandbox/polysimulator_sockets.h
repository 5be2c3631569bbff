#pragma once

// PolySimulator's WebSockets that tell of fills: /v1/ws/executions and /v1/ws/user.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/sandbox/polysimulator_frames.h"
#include "tests/sandbox/side_clock.h"
#include "tests/sandbox/socket_session.h"
#include "tests/sandbox/switches.h"
#include "tests/sandbox/venue.h"

namespace balance::sandbox {

// Used on the sandbox's loop only.
class PolysimulatorSockets {
 public:
  // Whose an API key is; nullopt: nobody's.
  using Login = std::function<std::optional<Caller>(const std::string& api_key)>;
  // Most open sockets of whoever owns the wallet; negative: no limit.
  using Limit = std::function<int(const std::string& wallet)>;

  // The references must outlive it.
  PolysimulatorSockets(const SideClock& clock, const PolysimSwitches& switches, Login login,
                       Limit limit)
      : clock_(clock), switches_(switches), login_(std::move(login)), limit_(std::move(limit)) {}

  // A socket for executions. `owner` is whose token was presented; nullopt: it was no good. The
  // sessions must not outlive this object.
  std::unique_ptr<SocketSession> OpenExecutions(const std::optional<Caller>& owner,
                                                SocketPeer& peer);
  // A socket of the form that Polymarket has. Without an owner its first message must bring an API
  // key, unless `token_was_given`.
  std::unique_ptr<SocketSession> OpenUser(const std::optional<Caller>& owner, bool token_was_given,
                                          SocketPeer& peer);

  void OnFill(const OrderFill& fill);

 private:
  class Session;

  const SideClock& clock_;
  const PolysimSwitches& switches_;
  const Login login_;
  const Limit limit_;
  // Those that belong to someone.
  std::vector<Session*> sessions_;
};

}  // namespace balance::sandbox
