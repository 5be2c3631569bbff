#pragma once

// The queue of those who want to use one credential.

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <functional>
#include <list>
#include <optional>

#include "clients/core/alarm.h"
#include "clients/core/balance_source.h"
#include "clients/core/clock.h"
#include "clients/core/loop_executor.h"
#include "clients/core/shared_time.h"
#include "clients/resilience/rate_budget.h"

namespace balance {

// Used on its shard's thread only, except blocked_until() and full_at(). Shared by the sources of a
// credential.
class Pacer {
 public:
  // `clock` must outlive the pacer.
  Pacer(LoopExecutor executor, Clock& clock, const RateSettings& rate);
  Pacer(const Pacer&) = delete;
  Pacer& operator=(const Pacer&) = delete;
  ~Pacer() = default;

  // See RateBudget. Those who wait keep their order.
  void Configure(const RateSettings& rate);

  // How a wait for a turn ends.
  enum class End : std::uint8_t {
    // A request may be sent, which the caller must do without further waiting.
    kTurn,
    // The upstream asks for a pause.
    kPause,
    // There was no turn by the deadline.
    kDeadline,
    // What is further down would refuse the request.
    kForbidden,
    // It would have been its turn, but Terms::has_room said no.
    kNoRoom,
  };
  struct Terms {
    SteadyTime not_before = SteadyTime::min();
    SteadyTime deadline = SteadyTime::max();
    // Whose Outlook() may forbid the request meanwhile; null: nothing else does. Outlives the wait.
    const BalanceSource* next = nullptr;
    // Asked when the turn has come; on false the turn is not taken and the wait ends with kNoRoom.
    // Null: there is always room.
    std::function<bool()> has_room = nullptr;
  };

  // Urgent fetches go first (`progress.urgent` is read when a turn is given), else first come,
  // first served. A wait that ends otherwise than with kTurn, or is cancelled, takes no turn. It
  // ends as soon as the reason to end it is there, kForbidden at the latest with the next answer to
  // another request of the credential. `progress.planned_send` is kept up to date during the wait.
  // However many come or leave at one time, the rest is planned anew only once for all of them.
  boost::asio::awaitable<End> Turn(FetchProgress& progress, Terms terms);

  // A fetch with the credential that waits for something other than its turn, such as a connection,
  // for as long as this lives.
  class OtherWait {
   public:
    // Calls `progress.on_forbidden` as soon as an answer to another request of the credential
    // brings a pause, or has what is further down (`next`) refuse the request. All must outlive it.
    OtherWait(Pacer& pacer, FetchProgress& progress, const BalanceSource& next);
    OtherWait(const OtherWait&) = delete;
    OtherWait& operator=(const OtherWait&) = delete;
    ~OtherWait();

   private:
    friend class Pacer;

    Pacer& pacer_;
    FetchProgress& progress_;
    const BalanceSource& next_;
    const std::list<OtherWait*>::iterator place_;
  };

  // When an urgent fetch that came now would have its turn.
  SteadyTime NextTurn() const;
  // As RateBudget says.
  SteadyTime FullAt() const { return budget_.FullAt(); }
  Duration Interval() const { return budget_.Interval(); }
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
  // FullAt() as it was after the latest turn, or after what the upstream said last.
  const SharedTime& full_at() const { return full_at_; }

 private:
  struct Waiter {
    FetchProgress* progress;
    Terms terms;
    BootTimer wake;
    // Whether it is one of ahead_.
    bool is_ahead = false;
    // Set once it is decided, a little before the wait ends.
    std::optional<Pacer::End> end = std::nullopt;
  };
  using Waiters = std::list<Waiter>;

  // Grants turns that are due, ends waits that cannot be met, and re-plans the rest. Takes time for
  // each who waits.
  void GiveTurns();
  // The same with the loop's next timers.
  void GiveTurnsSoon();
  void AddWaiter(Waiter& waiter);
  void SetAhead(Waiter& waiter, bool is_ahead);
  // Takes a turn out of the budget.
  void Take(SteadyTime now);
  void EndWaits(SteadyTime now);
  // Tells each when its turn is expected. While nobody waits, no timer runs: it would keep the loop
  // from ending.
  void Plan(SteadyTime now);
  // After the budget may have become blocked.
  void RefuseWaiters();
  // After a failure, which may forbid requests.
  void EndOtherWaits();
  Waiters::iterator Next(SteadyTime now);
  // Whether it goes before whoever comes, for turns from `first` on.
  static bool IsAhead(const Waiter& waiter, SteadyTime first);
  void Decide(Waiter& waiter, End end);
  static bool HasRoom(const Terms& terms) { return !terms.has_room || terms.has_room(); }

  LoopExecutor executor_;
  Clock& clock_;
  RateBudget budget_;
  Waiters waiting_;
  std::list<OtherWait*> other_waits_;
  // Number of waiters that go before whoever comes.
  int ahead_ = 0;
  Alarm next_turn_;
  SharedTime blocked_until_;
  SharedTime full_at_;
};

}  // namespace balance
