#pragma once

// Reads the balance of an API wallet at PolySimulator. Simulated money.

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

namespace balance {

// Used on its shard's thread only. Each Fetch() is one request; pacing and retries belong to
// decorators.
class PolySimulatorClient final : public BalanceSource {
 public:
  struct Options {
    // From NormalizePolySimulatorUrl().
    BaseUrl base_url;
    std::shared_ptr<const Secret> api_key;
    // For one exchange.
    Duration attempt_timeout;
    // PEM file with CAs to trust beside the system's. Empty: none.
    std::string ca_file;
    // See HttpRequest::login.
    std::uint64_t login = 0;
  };

  // `transport` and `clock` must outlive the client. `venue_clock` is that of the host.
  PolySimulatorClient(HttpTransport& transport, Clock& clock,
                      std::shared_ptr<UpstreamClock> venue_clock, Options options);

  // Fails with kDeadlineExceeded, unsent, if no time is left; else with the transport's errors,
  // those of ClassifyFailure() and those of ParseBalance(). Warns LEGACY_KEY if the venue says that
  // it has downgraded the key.
  boost::asio::awaitable<Result<Reading>> Fetch(FetchContext context) override;

 private:
  HttpTransport& transport_;
  Clock& clock_;
  const std::shared_ptr<UpstreamClock> venue_clock_;
  const BaseUrl base_url_;
  const Duration attempt_timeout_;
  const std::string ca_file_;
  const std::uint64_t login_;
  const std::shared_ptr<const Secret> api_key_;
};

}  // namespace balance
