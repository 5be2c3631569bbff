#pragma once

// Reads the funds of an account at the toy venue.

#include <boost/asio/awaitable.hpp>
#include <memory>

#include "clients/core/balance_source.h"
#include "clients/venue/venue.h"

namespace balance::toy {

// Used on its shard's thread only.
class ToyClient final : public BalanceSource {
 public:
  // `transport` and `clock` must outlive the client.
  ToyClient(HttpTransport& transport, Clock& clock, std::shared_ptr<UpstreamClock> host_clock,
            const Login& login, ClientSettings settings);

  // Fails with kDeadlineExceeded, unsent, if no time is left; else with the transport's errors and
  // what the venue's answers mean.
  boost::asio::awaitable<Result<Reading>> Fetch(FetchContext context) override;

 private:
  HttpTransport& transport_;
  Clock& clock_;
  const std::shared_ptr<UpstreamClock> host_clock_;
  const Login login_;
  const ClientSettings settings_;
};

}  // namespace balance::toy
