#pragma once

// Makes one more attempt where that may help and costs the upstream little.

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <utility>

#include "clients/core/balance_source.h"
#include "clients/core/clock.h"
#include "clients/core/random.h"
#include "clients/resilience/latency_window.h"
#include "clients/resilience/retry_budget.h"

namespace balance {

// A decorator of a BalanceSource, above those that may refuse an attempt. Used on its shard's
// thread only.
class RetryingSource final : public BalanceSource {
 public:
  // For the first retry; the actual pause is random between zero and this (full jitter).
  static constexpr Duration kBackOff = std::chrono::milliseconds(100);

  // `retries` is shared by all sources of the login. `clock` must outlive the source.
  RetryingSource(std::unique_ptr<BalanceSource> next, std::shared_ptr<RetryBudget> retries,
                 Random random, Clock& clock);

  // As the decorated source, with at most two attempts. A transient failure is tried again after a
  // random pause if the retry budget allows it and enough time is left for an answer; a rejected
  // time at once, for the client has corrected its clock by then. The error is that of the last
  // attempt that was sent.
  boost::asio::awaitable<Result<Reading>> Fetch(FetchContext context) override;

  SendOutlook Outlook() const override { return next_->Outlook(); }

  void Listen(OnReading on_reading) override { next_->Listen(std::move(on_reading)); }

 private:
  boost::asio::awaitable<Result<Reading>> Attempt(FetchContext context);
  bool IsWorthRetry(const Error& error, SteadyTime at, SteadyTime end) const;

  const std::unique_ptr<BalanceSource> next_;
  const std::shared_ptr<RetryBudget> retries_;
  Random random_;
  Clock& clock_;
  LatencyWindow latency_;
};

}  // namespace balance
