#include "service/observe/line_budget.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace balance {

std::optional<std::uint64_t> LineBudget::Take(SteadyTime now) {
  const std::chrono::duration<double> since = now - filled_;
  lines_ = std::min(kBurst, lines_ + since.count() * kLinesPerSecond);
  filled_ = now;
  if (lines_ < 1) {
    ++left_out_;
    return std::nullopt;
  }
  lines_ -= 1;
  return std::exchange(left_out_, 0);
}

}  // namespace balance
