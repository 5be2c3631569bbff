#pragma once

// Time that a test moves by hand.

#include <functional>
#include <map>
#include <memory>

#include "clients/core/clock.h"

namespace balance {

// Used on one thread. A sleeper wakes when Advance() reaches its time; its coroutine or callback
// continues when the test next runs its io_context.
class FakeClock final : public Clock {
 public:
  // Starts at 2026-09-18T14:05:22Z; wall and steady time have unrelated origins, as in life.
  FakeClock();

  WallTime WallNow() const override { return wall_; }
  SteadyTime SteadyNow() const override { return steady_ + read_gap_; }
  boost::asio::awaitable<void> SleepUntil(SteadyTime when) override;
  std::unique_ptr<ClockTimer> MakeTimer(LoopExecutor executor) override;

  // Moves both clocks and wakes, in the order of their times, all who are due.
  void Advance(Duration by);
  // Moves the wall clock alone, as an operator or NTP does.
  void JumpWall(Duration by) { wall_ += by; }
  // From now on so much time passes between a look at the wall clock and one at the steady clock.
  void SetReadGap(Duration gap) { read_gap_ = gap; }

  // Who sleeps now.
  std::size_t sleepers() const { return sleepers_->size(); }

 private:
  class Timer;
  // Work of each time; that of one time in the order in which the sleeps began.
  using Sleepers = std::multimap<SteadyTime, std::function<void()>>;

  WallTime wall_;
  SteadyTime steady_;
  Duration read_gap_{0};
  // Also of timers in coroutines that a loop destroys when the test has long ended.
  const std::shared_ptr<Sleepers> sleepers_ = std::make_shared<Sleepers>();
};

}  // namespace balance
