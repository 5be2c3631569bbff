#pragma once

// PolySimulator: GET /v1/account/balance, POST /v1/account/reset-api-balance, the WebSockets that
// tell of fills with their tokens, and the public routes that a client may ask on the way.

#include <memory>
#include <optional>
#include <string>

#include "tests/sandbox/ledger.h"
#include "tests/sandbox/order_book.h"
#include "tests/sandbox/polysimulator_auth.h"
#include "tests/sandbox/polysimulator_limiter.h"
#include "tests/sandbox/polysimulator_sockets.h"
#include "tests/sandbox/side_clock.h"
#include "tests/sandbox/socket_tokens.h"
#include "tests/sandbox/switches.h"
#include "tests/sandbox/venue.h"
#include "tests/sandbox/wallet_book.h"

namespace balance::sandbox {

// Used on the sandbox's loop only.
class PolysimulatorVenue final : public Venue {
 public:
  // The clocks must outlive it.
  PolysimulatorVenue(const Clock& clock, const SideClock& side_clock);

  Caller Identify(const HttpCall& call) override;
  HttpReply Answer(const HttpCall& call, const Caller& caller, int in_flight) override;
  std::unique_ptr<SocketSession> OpenSocket(const HttpCall& call, const Caller& caller,
                                            SocketPeer& peer) override;

  Result<void> AddKey(const PolysimKey& key);
  WalletBook<PolysimLedger>& wallets() { return wallets_; }
  OrderBook& orders() { return orders_; }
  const SocketTokens& tokens() const { return tokens_; }
  const PolysimSwitches& switches() const { return switches_; }
  void SetSwitches(PolysimSwitches switches);

 private:
  HttpReply Public(const HttpCall& call) const;
  HttpReply Account(const HttpCall& call, const Caller& caller, int in_flight,
                    const std::string& request_id);
  HttpReply Route(const HttpCall& call, const Caller& caller, const std::string& request_id);
  HttpReply IssueToken(const Caller& caller);
  std::optional<Caller> CallerOfKey(const std::string& api_key) const;
  // Most open sockets of the wallet's owner; negative: no limit.
  int SocketLimit(const std::string& wallet) const;
  HttpReply Reset(const HttpCall& call, const Caller& caller, const std::string& request_id);
  HttpReply Refuse(const HttpCall& call, const PolysimulatorError& error,
                   const std::string& request_id) const;
  TierLimits Limits(Tier tier) const;

  const SideClock& clock_;
  PolysimSwitches switches_;
  PolysimulatorAuth auth_;
  WalletBook<PolysimLedger> wallets_;
  OrderBook orders_;
  PolysimulatorLimiter limiter_;
  SocketTokens tokens_;
  PolysimulatorSockets sockets_;
};

}  // namespace balance::sandbox
