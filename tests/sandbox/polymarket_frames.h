#pragma once

// The messages of Polymarket US's private WebSocket, as text.

#include <string>
#include <string_view>

#include "tests/sandbox/ledger.h"
#include "tests/sandbox/switches.h"

namespace balance::sandbox {

inline constexpr std::string_view kBalanceSubscription = "SUBSCRIPTION_TYPE_ACCOUNT_BALANCE";

// What changed in one currency. Null: there was no such row before, or there is none now.
struct BalanceChange {
  const PolymarketRow* before = nullptr;
  const PolymarketRow* after = nullptr;
  // Numbers the changes of a side.
  std::uint64_t number = 0;
  // RFC 3339.
  std::string time;
};

std::string SnapshotFrame(const std::string& request_id, const PolymarketLedger& ledger,
                          const PolymarketSwitches& switches);
// REQUIRES: change.before or change.after.
std::string UpdateFrame(const std::string& request_id, const BalanceChange& change,
                        const PolymarketSwitches& switches);
// An error of one request; the socket stays open.
std::string ErrorFrame(const std::string& request_id, const std::string& error,
                       const PolymarketSwitches& switches);
std::string HeartbeatFrame();

}  // namespace balance::sandbox
