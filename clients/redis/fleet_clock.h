#pragma once

// The wall clock that all replicas share: Redis's, as soon as it is known.

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <limits>
#include <memory>

#include "clients/core/clock.h"
#include "clients/redis/redis_clock.h"

namespace balance {

// A decorator of a Clock whose wall clock may be minutes off: what one replica tells a time of
// means the same to every other one. Before Redis is known, the decorated wall clock; after it is
// lost, what was known of it.
//
// The wall time is never earlier than Redis's own and mostly a few milliseconds later: what was
// observed at a time that this clock has told, or after it, was observed after that moment. So it
// may go back by some milliseconds, as more becomes known.
//
// When Redis's clock is set back, this one goes back with it: the times of all readings do, on all
// replicas, and a clock that stayed ahead would have readers wait for what nobody can have yet.
// FleetObserver::OnClockSet() tells of it.
//
// Follow() is used on one thread.
class FleetClock final : public Clock {
 public:
  // `own` must outlive this clock.
  explicit FleetClock(Clock& own) : own_(own) {}

  // Takes over what `redis` knows of Redis's clock at this moment.
  void Follow(const RedisClock& redis);

  WallTime WallNow() const override;
  SteadyTime SteadyNow() const override { return own_.SteadyNow(); }
  boost::asio::awaitable<void> SleepUntil(SteadyTime when) override {
    return own_.SleepUntil(when);
  }
  std::unique_ptr<ClockTimer> MakeTimer(LoopExecutor executor) override {
    return own_.MakeTimer(std::move(executor));
  }

 private:
  // How far it may be ahead of the latest that Redis's clock can show. It is set to the middle, for
  // what is known changes a little with every answer.
  static constexpr Duration kMostAhead = std::chrono::milliseconds(4);
  static constexpr Duration::rep kUnknown = std::numeric_limits<Duration::rep>::min();

  Clock& own_;
  // The wall time less the steady time.
  std::atomic<Duration::rep> offset_ = kUnknown;
};

}  // namespace balance
