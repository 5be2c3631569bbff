#pragma once

// Sends nothing with a login whose breaker is open, nor to a host that no login can connect to.

#include <boost/asio/awaitable.hpp>
#include <memory>

#include "clients/core/balance_source.h"
#include "clients/core/clock.h"
#include "clients/resilience/login_breaker.h"

namespace balance {

// A decorator of a BalanceSource. Used on its shard's thread only, which is also that of the
// breaker.
class BreakerSource final : public BalanceSource {
 public:
  // `breaker` is shared by all sources of the login. `clock` must outlive the source.
  BreakerSource(std::unique_ptr<BalanceSource> next, std::shared_ptr<LoginBreaker> breaker,
                Clock& clock);

  // As the decorated source; while the breaker is open fails unsent with the failure that opened
  // it. No answer, a status that is no answer to the question (5xx, a redirect, 4xx but for those
  // that follow) and a reply that is no balance are failures. That the upstream rejects the
  // credential (401 to 403), knows no account or limits the rate is not: a HoldOff or a Pacer
  // heeds it. What was not sent, what was given up, what our own deadline cut short although good
  // answers usually take longer, what failed while this process did not run (Error::is_held_up),
  // and what failed for lack of its own means (Error::is_local) says nothing.
  boost::asio::awaitable<Result<Reading>> Fetch(FetchContext context) override;

  SendOutlook Outlook() const override;

 private:
  // Tells the breakers how a request that was sent at `begun` and had to end by `end` has ended.
  void Tell(LoginBreaker::Permit& permit, const Result<Reading>& result, SteadyTime begun,
            SteadyTime end) const;

  const std::unique_ptr<BalanceSource> next_;
  const std::shared_ptr<LoginBreaker> breaker_;
  Clock& clock_;
};

}  // namespace balance
