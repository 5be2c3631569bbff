#pragma once

// How many of the latest calls failed.

#include <array>
#include <cstdint>

#include "clients/core/clock.h"

namespace balance {

// Counts by the second over the last ten seconds: of fixed size, because every login has one. Used
// on one thread.
class CallWindow {
 public:
  static constexpr Duration kLength = std::chrono::seconds(10);

  // Time never goes back.
  void Add(SteadyTime now, bool failed);
  void Clear() { *this = CallWindow(); }

  // Number of the calls, and of those that failed, within the window before the latest Add().
  std::uint32_t calls() const { return calls_; }
  std::uint32_t failed() const { return failed_; }

 private:
  static constexpr std::size_t kSeconds = kLength / std::chrono::seconds(1);

  // No login has more in a second: see RateSettings.
  struct Second {
    std::uint16_t calls = 0;
    std::uint16_t failed = 0;
  };

  // Forgets the seconds that the window has left behind when `second` is the present one.
  void MoveTo(std::int64_t second);

  // Counts of each second, indexed by the second modulo the length.
  std::array<Second, kSeconds> seconds_{};
  std::int64_t latest_ = 0;
  std::uint32_t calls_ = 0;
  std::uint32_t failed_ = 0;
};

}  // namespace balance
