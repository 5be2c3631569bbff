#pragma once

// Time as a dependency: wall time for people and protocols, steady time for measuring. Policies and
// feeds never read a system clock themselves, so a test can move time by hand.
//
// Steady time is never set and counts the time in which the machine was suspended: see BootClock.

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <functional>
#include <memory>

#include "clients/core/boot_clock.h"
#include "clients/core/loop_executor.h"

namespace balance {

using Duration = std::chrono::nanoseconds;
using WallTime = std::chrono::sys_time<std::chrono::nanoseconds>;
using SteadyTime = BootClock::time_point;

// One moment on both clocks.
struct Now {
  WallTime wall;
  SteadyTime steady;
};

// How far the wall clock is ahead of the steady one. It stays as it is until somebody sets the wall
// clock.
inline Duration WallOffset(Now now) {
  return now.wall.time_since_epoch() - now.steady.time_since_epoch();
}

// Whether the wall clock was set between two moments with these offsets. A second is more than the
// few parts in ten thousand by which it is slewed make in minutes.
inline bool WasWallClockSet(Duration before, Duration after) {
  return std::chrono::abs(after - before) >= std::chrono::seconds(1);
}

// One callback at one time; see Alarm, which is what to use.
class ClockTimer {
 public:
  // As Cancel().
  virtual ~ClockTimer() = default;

  // Runs `callback` on the executor at or after `when`, never from here, instead of whatever was
  // set before. A time that passes in a suspend is met at most kLongestBootSleep after the resume.
  virtual void Set(SteadyTime when, std::function<void()> callback) = 0;
  // Silent: the callback never runs.
  virtual void Cancel() = 0;
};

// Thread-safe, apart from what SleepUntil and MakeTimer say.
class Clock {
 public:
  virtual ~Clock() = default;

  virtual WallTime WallNow() const = 0;
  virtual SteadyTime SteadyNow() const = 0;

  // Both clocks, the wall clock first. Time may pass in between, so no two pairs are equally far
  // apart: a time of one clock is not to be turned into one of the other by a pair of another
  // moment.
  Now Time() const {
    const WallTime wall = WallNow();
    return {wall, SteadyNow()};
  }

  // Completes on the calling coroutine's executor at or after `when`. Cancelling the coroutine ends
  // it early by throwing boost::system::system_error(operation_aborted).
  virtual boost::asio::awaitable<void> SleepUntil(SteadyTime when) = 0;

  // Used on the executor's thread only, like what it makes, which must not outlive the clock.
  virtual std::unique_ptr<ClockTimer> MakeTimer(LoopExecutor executor) = 0;
};

// The machine's clocks: CLOCK_REALTIME and CLOCK_BOOTTIME.
class SystemClock final : public Clock {
 public:
  WallTime WallNow() const override;
  SteadyTime SteadyNow() const override;
  boost::asio::awaitable<void> SleepUntil(SteadyTime when) override;
  std::unique_ptr<ClockTimer> MakeTimer(LoopExecutor executor) override;
};

}  // namespace balance
