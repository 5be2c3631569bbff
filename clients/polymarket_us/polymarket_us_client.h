#pragma once

// Reads an account's balances at Polymarket US.

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <memory>
#include <string>

#include "clients/core/balance_source.h"
#include "clients/core/clock.h"
#include "clients/core/secret.h"
#include "clients/core/upstream_clock.h"
#include "clients/http/base_url.h"
#include "clients/http/http_transport.h"
#include "clients/polymarket_us/balances_request.h"

namespace balance {

// Used on its shard's thread only. Each Fetch() is one request, signed at the moment of sending;
// pacing and retries belong to decorators.
class PolymarketUsClient final : public BalanceSource {
 public:
  struct Options {
    BaseUrl base_url;
    std::string key_id;
    // SecretKey::seed, from DecodeSecretKey().
    std::shared_ptr<const Secret> seed;
    // For one exchange.
    Duration attempt_timeout;
    // PEM file with CAs to trust beside the system's. Empty: none.
    std::string ca_file;
    // See HttpRequest::login.
    std::uint64_t login = 0;
  };

  // `transport` and `clock` must outlive the client. The seed is not kept. `venue_clock` is that of
  // the host; it corrects the time that is signed.
  PolymarketUsClient(HttpTransport& transport, Clock& clock,
                     std::shared_ptr<UpstreamClock> venue_clock, Options options);

  // Fails with kDeadlineExceeded, unsent, if no time is left; else with the transport's errors,
  // those of ClassifyFailure() and those of ParseBalances().
  boost::asio::awaitable<Result<Reading>> Fetch(FetchContext context) override;

 private:
  HttpTransport& transport_;
  Clock& clock_;
  const std::shared_ptr<UpstreamClock> venue_clock_;
  const BaseUrl base_url_;
  const Duration attempt_timeout_;
  const std::string ca_file_;
  const std::uint64_t login_;
  const polymarket_us::Credentials credentials_;
};

}  // namespace balance
