#include "clients/resilience/clock_skew.h"

#include <algorithm>
#include <chrono>
#include <vector>

namespace balance {

Duration ClockSkew::Correction() const {
  if (samples_.empty()) return {};
  const Sample median = Median();
  const Duration size = std::chrono::abs(median.offset);
  if (size <= kIgnored + median.error || size > kMaxCorrection) return {};
  return median.offset;
}

void ClockSkew::Observe(WallTime date, WallTime sent, WallTime received) {
  const Duration took = received - sent;
  if (took < Duration::zero() || took >= kSlowestExchange) return;
  constexpr Duration kHalfSecond = std::chrono::milliseconds(500);
  samples_.push_back({date + kHalfSecond - (sent + took / 2), kHalfSecond + took / 2});
  if (samples_.size() > kSamples) samples_.pop_front();
  skew_ = Median().offset.count();
  is_known_ = true;
}

std::optional<Duration> ClockSkew::Skew() const {
  if (!is_known_) return std::nullopt;
  return Duration(skew_.load());
}

ClockSkew::Sample ClockSkew::Median() const {
  std::vector<Sample> sorted(samples_.begin(), samples_.end());
  const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
  std::nth_element(sorted.begin(), middle, sorted.end(),
                   [](const Sample& a, const Sample& b) { return a.offset < b.offset; });
  return *middle;
}

}  // namespace balance
