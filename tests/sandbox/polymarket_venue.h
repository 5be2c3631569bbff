#pragma once

// Polymarket US: GET /v1/account/balances and the WebSocket /v1/ws/private behind its auth wall.

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "tests/sandbox/ledger.h"
#include "tests/sandbox/polymarket_auth.h"
#include "tests/sandbox/polymarket_sockets.h"
#include "tests/sandbox/side_clock.h"
#include "tests/sandbox/sliding_second.h"
#include "tests/sandbox/switches.h"
#include "tests/sandbox/venue.h"
#include "tests/sandbox/wallet_book.h"

namespace balance::sandbox {

// Used on the sandbox's loop only.
class PolymarketVenue final : public Venue {
 public:
  // `prefix`: empty or "/...", before every path. The clocks must outlive the venue.
  PolymarketVenue(const Clock& clock, const SideClock& side_clock, std::string prefix);

  Caller Identify(const HttpCall& call) override;
  HttpReply Answer(const HttpCall& call, const Caller& caller, int in_flight) override;
  std::unique_ptr<SocketSession> OpenSocket(const HttpCall& call, const Caller& caller,
                                            SocketPeer& peer) override;

  Result<void> AddKey(const PolymarketKey& key);
  WalletBook<PolymarketLedger>& wallets() { return wallets_; }
  const PolymarketSwitches& switches() const { return switches_; }
  void SetSwitches(PolymarketSwitches switches);

 private:
  // The path behind the prefix; empty if it does not begin with it.
  std::string_view ApiPath(const HttpCall& call) const;
  bool IsOpenHealth(const HttpCall& call) const;
  bool TakeFromLimit(const std::string& key);
  HttpReply Route(const HttpCall& call, const Caller& caller);
  HttpReply Upgrade(const HttpCall& call, const Caller& caller) const;

  const SideClock& clock_;
  const std::string prefix_;
  PolymarketSwitches switches_;
  PolymarketAuth auth_;
  WalletBook<PolymarketLedger> wallets_;
  PolymarketSockets sockets_;
  std::map<std::string, SlidingSecond> limits_;
};

}  // namespace balance::sandbox
