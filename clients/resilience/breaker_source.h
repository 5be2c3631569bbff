#pragma once

// Sends nothing to a host whose breaker is open.

#include <boost/asio/awaitable.hpp>
#include <memory>

#include "clients/core/balance_source.h"
#include "clients/core/clock.h"
#include "clients/resilience/breaker.h"

namespace balance {

// A decorator of a BalanceSource. Used on its shard's thread only, which is also that of the
// breaker.
class BreakerSource final : public BalanceSource {
 public:
  // `breaker` is shared by all sources at the host. `clock` must outlive the source.
  BreakerSource(std::unique_ptr<BalanceSource> next, std::shared_ptr<Breaker> breaker,
                Clock& clock);

  // As the decorated source; while the breaker is open fails unsent with the failure that opened
  // it. No answer, a 5xx, 408, 409, 425 and a reply that is no balance are failures of the host;
  // that it rejects the credential or limits its rate is not. What was not sent, and trouble that
  // may be ours alone (Error::is_local; a certificate that is not accepted, too, for which CAs are
  // trusted is each source's own setting), says nothing about the host.
  boost::asio::awaitable<Result<Reading>> Fetch(FetchContext context) override;

  SendOutlook Outlook() const override;

 private:
  // Until when there is no permit, as far as one can tell.
  SteadyTime Until(SteadyTime now) const;

  const std::unique_ptr<BalanceSource> next_;
  const std::shared_ptr<Breaker> breaker_;
  Clock& clock_;
};

}  // namespace balance
