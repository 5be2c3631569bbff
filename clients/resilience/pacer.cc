#include "clients/resilience/pacer.h"

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <utility>

namespace balance {

namespace asio = boost::asio;

Pacer::Pacer(asio::any_io_executor executor, Clock& clock, const RateSettings& rate)
    : executor_(std::move(executor)), clock_(clock), budget_(rate), next_turn_(executor_, clock) {}

asio::awaitable<bool> Pacer::Turn(const FetchProgress& progress, SteadyTime deadline) {
  const SteadyTime now = clock_.SteadyNow();
  if (waiting_.empty() && budget_.Earliest() <= now) {
    budget_.Take(now);
    co_return true;
  }
  const auto self =
      waiting_.insert(waiting_.end(), {&progress, deadline, asio::steady_timer(executor_)});
  self->wake.expires_at(asio::steady_timer::time_point::max());
  GiveTurns();
  boost::system::error_code interrupted;
  if (!self->has_turn) {
    co_await self->wake.async_wait(asio::redirect_error(asio::use_awaitable, interrupted));
  }
  const bool has_turn = self->has_turn;
  const bool is_refused = self->is_refused;
  waiting_.erase(self);
  GiveTurns();
  if (has_turn || is_refused) co_return has_turn;
  throw boost::system::system_error(asio::error::operation_aborted);
}

void Pacer::GiveTurns() {
  const SteadyTime now = clock_.SteadyNow();
  SteadyTime first_deadline = SteadyTime::max();
  for (Waiter& waiter : waiting_) {
    if (waiter.has_turn || waiter.is_refused) continue;
    if (waiter.deadline <= now) {
      waiter.is_refused = true;
      waiter.wake.cancel();
    } else {
      first_deadline = std::min(first_deadline, waiter.deadline);
    }
  }
  while (true) {
    const auto next = Next();
    if (next == waiting_.end()) return next_turn_.Cancel();
    if (const SteadyTime turn = budget_.Earliest(); turn > now) {
      return next_turn_.Set(std::min(turn, first_deadline), [this] { GiveTurns(); });
    }
    budget_.Take(now);
    next->has_turn = true;
    next->wake.cancel();
  }
}

Pacer::Waiters::iterator Pacer::Next() {
  const auto waits = [](const Waiter& waiter) { return !waiter.has_turn && !waiter.is_refused; };
  const auto urgent = std::find_if(waiting_.begin(), waiting_.end(), [&](const Waiter& waiter) {
    return waits(waiter) && waiter.progress->urgent;
  });
  return urgent != waiting_.end() ? urgent : std::find_if(waiting_.begin(), waiting_.end(), waits);
}

SteadyTime Pacer::NextTurn() const {
  const auto ahead = std::count_if(waiting_.begin(), waiting_.end(), [](const Waiter& waiter) {
    return !waiter.has_turn && !waiter.is_refused && waiter.progress->urgent;
  });
  const SteadyTime earliest = budget_.Earliest();
  if (ahead == 0) return earliest;
  return std::max(earliest, clock_.SteadyNow()) + budget_.Interval() * ahead;
}

std::shared_ptr<const Error> Pacer::BlockedBy() const {
  return budget_.blocked_until() > clock_.SteadyNow() ? budget_.blocked_by() : nullptr;
}

void Pacer::OnRateLimited(const Error& error) {
  budget_.OnRateLimited(clock_.SteadyNow(), error);
  RefuseWaiters();
}

void Pacer::OnPause(const Error& error) {
  budget_.OnPause(clock_.SteadyNow(), error);
  RefuseWaiters();
}

void Pacer::RefuseWaiters() {
  if (budget_.blocked_until() <= clock_.SteadyNow()) return;
  blocked_until_.Set(budget_.blocked_until());
  for (Waiter& waiter : waiting_) {
    if (waiter.has_turn) continue;
    waiter.is_refused = true;
    waiter.wake.cancel();
  }
  GiveTurns();
}

void Pacer::OnLimits(const RateLimits& limits) { budget_.OnLimits(clock_.SteadyNow(), limits); }

}  // namespace balance
