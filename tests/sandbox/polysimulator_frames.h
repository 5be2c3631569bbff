#pragma once

// The messages of PolySimulator's WebSockets, as text. None ever holds a balance.

#include <cstdint>
#include <string>

#include "clients/core/clock.h"
#include "tests/sandbox/switches.h"

namespace balance::sandbox {

// A resting BUY limit that filled at a price of 0.50.
struct OrderFill {
  std::uint64_t order_id = 0;
  std::string wallet;
  // What the order cost. REQUIRES: it passes CheckAmount().
  std::string cost = "0";
};

// Of /v1/ws/executions.
std::string ConnectedFrame();
std::string FillFrame(const OrderFill& fill, WallTime now, const PolysimSwitches& switches);
std::string PongFrame(WallTime now, const PolysimSwitches& switches);
std::string SocketErrorFrame(const std::string& message);

// Of /v1/ws/user, which speaks as Polymarket does.
std::string UserTradeFrame(const OrderFill& fill, WallTime now);
std::string UserPongFrame();

}  // namespace balance::sandbox
