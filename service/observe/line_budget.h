#pragma once

// A limit for log lines that others can provoke.

#include <cstdint>
#include <optional>

#include "clients/core/clock.h"

namespace balance {

// A bucket of lines that fills up again. Not thread-safe.
class LineBudget {
 public:
  // So many at once, and then so many a second.
  static constexpr double kBurst = 50;
  static constexpr double kLinesPerSecond = 1;

  // Full at `now`.
  explicit LineBudget(SteadyTime now) : filled_(now) {}

  // Whether a line may be written: then how many were left out before it, else nullopt.
  std::optional<std::uint64_t> Take(SteadyTime now);

  // Since the last that was written.
  std::uint64_t left_out() const { return left_out_; }

 private:
  double lines_ = kBurst;
  SteadyTime filled_;
  std::uint64_t left_out_ = 0;
};

}  // namespace balance
