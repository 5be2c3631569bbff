#pragma once

// PolySimulator's WebSocket of executions. There is no push of balances: only fills of limit orders
// are told, no cancellation and no market order.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "clients/venue/push_protocol.h"

namespace balance::polysimulator {

// Path of the socket, appended to a base URL that went through NormalizePolySimulatorUrl().
inline constexpr std::string_view kPushPath = "/v1/ws/executions";

// The venue documents its messages in three ways that contradict each other, so whatever is neither
// a greeting nor a pong is a hint.
class PushProtocol final : public balance::PushProtocol {
 public:
  // A ping, as the venue has no heartbeats.
  std::string KeepAlive() const override;
  PushReaction OnMessage(std::string_view message) override;
  PushReturn OnEnd(std::optional<std::uint16_t> close_code) const override;

 private:
  bool is_ready_ = false;
};

}  // namespace balance::polysimulator
