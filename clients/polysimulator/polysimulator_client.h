#pragma once

// Reads the balance of an API wallet at PolySimulator. Simulated money.

#include <boost/asio/awaitable.hpp>
#include <memory>

#include "clients/core/balance_source.h"
#include "clients/core/clock.h"
#include "clients/core/secret.h"
#include "clients/core/upstream_clock.h"
#include "clients/http/base_url.h"
#include "clients/http/http_transport.h"
#include "clients/venue/venue.h"

namespace balance {

// Used on its shard's thread only. Each Fetch() is one request; pacing and retries belong to
// decorators.
class PolySimulatorClient final : public BalanceSource {
 public:
  // `transport` and `clock` must outlive the client. The secret of `login` is the API key.
  // `venue_clock` is that of the host.
  PolySimulatorClient(HttpTransport& transport, Clock& clock,
                      std::shared_ptr<UpstreamClock> venue_clock,
                      std::shared_ptr<const Login> login, ClientSettings settings);

  // Fails with kDeadlineExceeded, unsent, if no time is left; else with the transport's errors,
  // those of ClassifyFailure() and those of ParseBalance(). Warns LEGACY_KEY if the venue says that
  // it has downgraded the key.
  boost::asio::awaitable<Result<Reading>> Fetch(FetchContext context) override;

 private:
  HttpTransport& transport_;
  Clock& clock_;
  const std::shared_ptr<UpstreamClock> venue_clock_;
  const std::shared_ptr<const Login> login_;
  const ClientSettings settings_;
};

}  // namespace balance
