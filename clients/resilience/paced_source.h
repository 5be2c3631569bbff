#pragma once

// Waits for a credential's turn before each request, and heeds what the answers say about limits.

#include <boost/asio/awaitable.hpp>
#include <memory>

#include "clients/core/balance_source.h"
#include "clients/core/clock.h"
#include "clients/resilience/pacer.h"

namespace balance {

// A decorator of a BalanceSource. Used on its shard's thread only, which is also that of the pacer.
class PacedSource final : public BalanceSource {
 public:
  // `pacer` is shared by all sources with the credential. `clock` must outlive the source.
  PacedSource(std::unique_ptr<BalanceSource> next, std::shared_ptr<Pacer> pacer, Clock& clock);

  // As the decorated source. Fails unsent, and takes no turn: as the decorated source does while
  // that refuses requests, with the failure that made the upstream ask for a pause while that
  // lasts, and with kFreshnessUnsatisfied if the turn comes after the deadline. All of these end a
  // wait that has begun.
  boost::asio::awaitable<Result<Reading>> Fetch(FetchContext context) override;

  SendOutlook Outlook() const override;

 private:
  static void Learn(Pacer& pacer, const FetchProgress& progress, const Result<Reading>& result);

  const std::unique_ptr<BalanceSource> next_;
  const std::shared_ptr<Pacer> pacer_;
  Clock& clock_;
};

}  // namespace balance
