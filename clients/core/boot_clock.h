#pragma once

// The clock on which ages run, and timers that are set by it.
//
// Linux has two clocks that nobody sets: CLOCK_MONOTONIC, which std::chrono::steady_clock and
// Asio's steady_timer read, stops while the machine is suspended; CLOCK_BOOTTIME counts on
// (clock_gettime(2), since Linux 2.6.39). A balance read before eight hours of sleep is eight hours
// old, so ages and everything that is compared with them use this clock. Only waits that no age
// depends on may use the other one; tests/lint/age_clock.py lists them with the reasons.

#include <time.h>

#include <algorithm>
#include <boost/asio/basic_waitable_timer.hpp>
#include <chrono>

namespace balance {

// A std::chrono clock over CLOCK_BOOTTIME. Thread-safe; a call into the vDSO, as for the monotonic
// clock.
struct BootClock {
  using duration = std::chrono::nanoseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<BootClock>;
  static constexpr bool is_steady = true;

  static time_point now() noexcept {
    timespec time{};
    clock_gettime(CLOCK_BOOTTIME, &time);
    return time_point(std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec));
  }
};

// Longest sleep of a loop before it looks at a BootTimer again. Asio sleeps by CLOCK_MONOTONIC
// whatever clock a timer has, so this is how late after a resume the timers fire that became due in
// the suspend. While one is pending, a loop wakes this often.
inline constexpr std::chrono::seconds kLongestBootSleep{1};

// Asio's wait traits for BootTimer: every wait is cut into pieces of kLongestBootSleep.
struct BootWaitTraits {
  static BootClock::duration to_wait_duration(BootClock::duration left) {
    return std::min<BootClock::duration>(left, kLongestBootSleep);
  }
  static BootClock::duration to_wait_duration(BootClock::time_point when) {
    const BootClock::time_point now = BootClock::now();
    return when <= now ? BootClock::duration::zero() : to_wait_duration(when - now);
  }
};

using BootTimer = boost::asio::basic_waitable_timer<BootClock, BootWaitTraits>;

}  // namespace balance
