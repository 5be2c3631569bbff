#pragma once

// Reads an account's balances at Polymarket US.

#include <boost/asio/awaitable.hpp>
#include <memory>

#include "clients/core/balance_source.h"
#include "clients/core/clock.h"
#include "clients/core/upstream_clock.h"
#include "clients/http/base_url.h"
#include "clients/http/http_transport.h"
#include "clients/polymarket_us/balances_request.h"
#include "clients/venue/venue.h"

namespace balance {

// Used on its shard's thread only. Each Fetch() is one request, signed at the moment of sending;
// pacing and retries belong to decorators.
class PolymarketUsClient final : public BalanceSource {
 public:
  // `transport` and `clock` must outlive the client. `venue_clock` is that of the host; it corrects
  // the time that is signed.
  PolymarketUsClient(HttpTransport& transport, Clock& clock,
                     std::shared_ptr<UpstreamClock> venue_clock, std::shared_ptr<const Login> login,
                     ClientSettings settings);

  // Fails with kDeadlineExceeded, unsent, if no time is left; else with the transport's errors,
  // those of ClassifyFailure() and those of ParseBalances().
  boost::asio::awaitable<Result<Reading>> Fetch(FetchContext context) override;

 private:
  HttpTransport& transport_;
  Clock& clock_;
  const std::shared_ptr<UpstreamClock> venue_clock_;
  const std::shared_ptr<const Login> login_;
  const ClientSettings settings_;
  const std::shared_ptr<const SigningKey> key_;
};

}  // namespace balance
