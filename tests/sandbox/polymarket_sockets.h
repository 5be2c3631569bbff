#pragma once

// Polymarket US's private WebSocket: who has subscribed to which wallet's balances.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/sandbox/polymarket_frames.h"
#include "tests/sandbox/side_clock.h"
#include "tests/sandbox/socket_session.h"
#include "tests/sandbox/switches.h"
#include "tests/sandbox/wallet_book.h"

namespace balance::sandbox {

// Used on the sandbox's loop only.
class PolymarketSockets {
 public:
  // All must outlive it.
  PolymarketSockets(const SideClock& clock, const PolymarketSwitches& switches,
                    const WalletBook<PolymarketLedger>& wallets)
      : clock_(clock), switches_(switches), wallets_(wallets) {}

  // A socket of `key`, whose balances are `wallet`'s. The session must not outlive this object.
  std::unique_ptr<SocketSession> Open(const std::string& key, const std::string& wallet,
                                      SocketPeer& peer);
  // Number of open sockets of a key.
  int CountOf(const std::string& key) const;

  // Tells the subscribers of `wallet`, a message for each row that differs.
  void OnChange(const std::string& wallet, const PolymarketLedger& before,
                const PolymarketLedger& after);

 private:
  class Session;

  BalanceChange Describe(const PolymarketRow* before, const PolymarketRow* after);

  const SideClock& clock_;
  const PolymarketSwitches& switches_;
  const WalletBook<PolymarketLedger>& wallets_;
  std::vector<Session*> sessions_;
  std::uint64_t next_change_ = 1;
};

}  // namespace balance::sandbox
