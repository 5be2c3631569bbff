#pragma once

// The queue of those who want to use one credential.

#include <atomic>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <list>

#include "clients/core/alarm.h"
#include "clients/core/balance_source.h"
#include "clients/core/clock.h"
#include "clients/core/shared_time.h"
#include "clients/resilience/rate_budget.h"

namespace balance {

// Used on its shard's thread only, except blocked_until(). Shared by the sources of a credential.
class Pacer {
 public:
  // `clock` must outlive the pacer.
  Pacer(boost::asio::any_io_executor executor, Clock& clock, const RateSettings& rate);
  Pacer(const Pacer&) = delete;
  Pacer& operator=(const Pacer&) = delete;

  // See RateBudget. Those who wait keep their order.
  void Configure(const RateSettings& rate) { budget_.Configure(clock_.SteadyNow(), rate); }

  // True when a request may be sent, which the caller must do without further waiting. Urgent
  // fetches go first (`progress.urgent` is read when a turn is given), else first come, first
  // served. False, with no turn taken, as soon as the upstream asks for a pause. A cancelled wait
  // takes no turn either, nor does one that has none by `deadline`: false.
  boost::asio::awaitable<bool> Turn(const FetchProgress& progress,
                                    SteadyTime deadline = SteadyTime::max());

  // When an urgent fetch that came now would have its turn.
  SteadyTime NextTurn() const;
  bool HasSpare() const { return waiting_.empty() && budget_.HasSpare(clock_.SteadyNow()); }

  // Until when the upstream wants no request, and why: null when it takes them.
  std::shared_ptr<const Error> BlockedBy() const;
  SteadyTime BlockedUntil() const { return budget_.blocked_until(); }
  // Why the latest pause was, even when it is over; null before the first.
  const std::shared_ptr<const Error>& LatestPause() const { return budget_.blocked_by(); }

  void OnSuccess() { budget_.OnSuccess(clock_.SteadyNow()); }
  void OnRateLimited(const Error& error);
  void OnPause(const Error& error);
  void OnLimits(const RateLimits& limits);

  // Thread-safe.
  const SharedTime& blocked_until() const { return blocked_until_; }

 private:
  struct Waiter {
    const FetchProgress* progress;
    SteadyTime deadline;
    boost::asio::steady_timer wake;
    bool has_turn = false;
    bool is_refused = false;
  };
  using Waiters = std::list<Waiter>;

  // To those whose turn it is; ends the waits whose deadline has come. While nobody waits, no timer
  // runs: it would keep the loop from ending.
  void GiveTurns();
  // After the budget may have become blocked.
  void RefuseWaiters();
  Waiters::iterator Next();

  boost::asio::any_io_executor executor_;
  Clock& clock_;
  RateBudget budget_;
  Waiters waiting_;
  Alarm next_turn_;
  SharedTime blocked_until_;
};

}  // namespace balance
