#pragma once

// Polymarket US's private WebSocket, subscribed to the account's balances.

#include <string>
#include <string_view>

#include "clients/venue/push_protocol.h"

namespace balance::polymarket_us {

// Path of the socket, appended to the base URL, whose prefix is sent before it but not signed.
inline constexpr std::string_view kPushPath = "/v1/ws/private";

// Takes every generation of the venue's names. The snapshot is the only acknowledgement that there
// is of a subscription; an empty error is none.
class PushProtocol final : public balance::PushProtocol {
 public:
  std::string Opening() const override;
  PushReaction OnMessage(std::string_view message) override;

 private:
  bool is_ready_ = false;
};

}  // namespace balance::polymarket_us
