#include "clients/resilience/pacer.h"

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <utility>

namespace balance {

namespace asio = boost::asio;

Pacer::Pacer(LoopExecutor executor, Clock& clock, const RateSettings& rate)
    : executor_(std::move(executor)), clock_(clock), budget_(rate), next_turn_(executor_, clock) {}

void Pacer::Configure(const RateSettings& rate) {
  budget_.Configure(clock_.SteadyNow(), rate);
  full_at_.Set(budget_.FullAt());
  GiveTurns();
}

asio::awaitable<Pacer::End> Pacer::Turn(FetchProgress& progress, Terms terms) {
  const SteadyTime now = clock_.SteadyNow();
  if (budget_.blocked_until() > now) co_return End::kPause;
  if (waiting_.empty() && std::max(budget_.Earliest(), terms.not_before) <= now) {
    if (!HasRoom(terms)) co_return End::kNoRoom;
    Take(now);
    co_return End::kTurn;
  }
  const auto self =
      waiting_.insert(waiting_.end(), {&progress, std::move(terms), BootTimer(executor_)});
  self->wake.expires_at(SteadyTime::max());
  AddWaiter(*self);
  boost::system::error_code interrupted;
  co_await self->wake.async_wait(asio::redirect_error(asio::use_awaitable, interrupted));
  const std::optional<End> end = self->end;
  progress.planned_send.reset();
  progress.on_urgency = nullptr;
  SetAhead(*self, false);
  waiting_.erase(self);
  if (end) co_return *end;
  // Those behind it move up.
  GiveTurnsSoon();
  throw boost::system::system_error(asio::error::operation_aborted);
}

void Pacer::AddWaiter(Waiter& waiter) {
  const SteadyTime first = std::max(budget_.Earliest(), clock_.SteadyNow());
  waiter.progress->planned_send = std::max(first + Interval() * ahead_, waiter.terms.not_before);
  SetAhead(waiter, IsAhead(waiter, first));
  waiter.progress->on_urgency = [this, &waiter] {
    const SteadyTime now = std::max(budget_.Earliest(), clock_.SteadyNow());
    SetAhead(waiter, IsAhead(waiter, now));
    GiveTurnsSoon();
  };
  GiveTurnsSoon();
}

void Pacer::GiveTurnsSoon() {
  if (waiting_.empty()) return next_turn_.Cancel();
  next_turn_.Set(clock_.SteadyNow(), [this] { GiveTurns(); });
}

void Pacer::SetAhead(Waiter& waiter, bool is_ahead) {
  ahead_ += (is_ahead ? 1 : 0) - (waiter.is_ahead ? 1 : 0);
  waiter.is_ahead = is_ahead;
}

void Pacer::GiveTurns() {
  const SteadyTime now = clock_.SteadyNow();
  EndWaits(now);
  while (budget_.Earliest() <= now) {
    const auto next = Next(now);
    if (next == waiting_.end()) break;
    if (HasRoom(next->terms)) {
      Take(now);
      Decide(*next, End::kTurn);
    } else {
      Decide(*next, End::kNoRoom);
    }
  }
  Plan(now);
}

void Pacer::EndWaits(SteadyTime now) {
  for (Waiter& waiter : waiting_) {
    if (waiter.end) continue;
    if (waiter.terms.deadline <= now) {
      Decide(waiter, End::kDeadline);
    } else if (waiter.terms.next != nullptr && waiter.terms.next->Outlook().IsForbidden(now)) {
      Decide(waiter, End::kForbidden);
    }
  }
}

void Pacer::Plan(SteadyTime now) {
  const SteadyTime first = std::max(budget_.Earliest(), now);
  SteadyTime turn = first;
  SteadyTime wake = SteadyTime::max();
  for (Waiter& waiter : waiting_) {
    if (waiter.end) continue;
    waiter.progress->planned_send = std::max(turn, waiter.terms.not_before);
    wake = std::min({wake, waiter.terms.deadline, std::max(first, waiter.terms.not_before)});
    SetAhead(waiter, IsAhead(waiter, first));
    if (waiter.is_ahead) turn += Interval();
  }
  if (wake == SteadyTime::max()) return next_turn_.Cancel();
  next_turn_.Set(wake, [this] { GiveTurns(); });
}

Pacer::Waiters::iterator Pacer::Next(SteadyTime now) {
  const auto may_go = [now](const Waiter& waiter) {
    return !waiter.end && waiter.terms.not_before <= now;
  };
  const auto urgent = std::find_if(waiting_.begin(), waiting_.end(), [&](const Waiter& waiter) {
    return may_go(waiter) && waiter.progress->urgent;
  });
  return urgent != waiting_.end() ? urgent : std::find_if(waiting_.begin(), waiting_.end(), may_go);
}

bool Pacer::IsAhead(const Waiter& waiter, SteadyTime first) {
  return !waiter.end && waiter.progress->urgent && waiter.terms.not_before <= first;
}

void Pacer::Decide(Waiter& waiter, End end) {
  waiter.end = end;
  SetAhead(waiter, false);
  waiter.wake.cancel();
}

SteadyTime Pacer::NextTurn() const {
  const SteadyTime earliest = budget_.Earliest();
  if (ahead_ == 0) return earliest;
  return std::max(earliest, clock_.SteadyNow()) + Interval() * ahead_;
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

Pacer::OtherWait::OtherWait(Pacer& pacer, FetchProgress& progress, const BalanceSource& next)
    : pacer_(pacer),
      progress_(progress),
      next_(next),
      place_(pacer.other_waits_.insert(pacer.other_waits_.end(), this)) {}

Pacer::OtherWait::~OtherWait() { pacer_.other_waits_.erase(place_); }

void Pacer::EndOtherWaits() {
  const SteadyTime now = clock_.SteadyNow();
  const bool is_paused = budget_.blocked_until() > now;
  for (const OtherWait* wait : other_waits_) {
    if (!is_paused && !wait->next_.Outlook().IsForbidden(now)) continue;
    if (wait->progress_.on_forbidden) wait->progress_.on_forbidden();
  }
}

void Pacer::Take(SteadyTime now) {
  budget_.Take(now);
  full_at_.Set(budget_.FullAt());
}

void Pacer::RefuseWaiters() {
  full_at_.Set(budget_.FullAt());
  EndOtherWaits();
  if (budget_.blocked_until() <= clock_.SteadyNow()) return;
  blocked_until_.Set(budget_.blocked_until());
  for (Waiter& waiter : waiting_) {
    if (!waiter.end) Decide(waiter, End::kPause);
  }
  GiveTurns();
}

void Pacer::OnLimits(const RateLimits& limits) {
  budget_.OnLimits(clock_.SteadyNow(), limits);
  full_at_.Set(budget_.FullAt());
  GiveTurns();
}

}  // namespace balance
