#pragma once

// Time as a dependency: wall time for people and protocols, steady time for measuring. Policies and
// feeds never read a system clock themselves, so a test can move time by hand.

#include <boost/asio/awaitable.hpp>
#include <chrono>

namespace balance {

using Duration = std::chrono::nanoseconds;
using WallTime = std::chrono::sys_time<std::chrono::nanoseconds>;
using SteadyTime = std::chrono::time_point<std::chrono::steady_clock, std::chrono::nanoseconds>;

// One moment on both clocks.
struct Now {
  WallTime wall;
  SteadyTime steady;
};

// Thread-safe, apart from what SleepUntil says.
class Clock {
 public:
  virtual ~Clock() = default;

  virtual WallTime WallNow() const = 0;
  virtual SteadyTime SteadyNow() const = 0;

  // Completes on the calling coroutine's executor at or after `when`. Cancelling the coroutine ends
  // it early by throwing boost::system::system_error(operation_aborted).
  virtual boost::asio::awaitable<void> SleepUntil(SteadyTime when) = 0;
};

// The machine's clocks.
class SystemClock final : public Clock {
 public:
  WallTime WallNow() const override;
  SteadyTime SteadyNow() const override;
  boost::asio::awaitable<void> SleepUntil(SteadyTime when) override;
};

}  // namespace balance
