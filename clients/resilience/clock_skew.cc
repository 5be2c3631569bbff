#include "clients/resilience/clock_skew.h"

#include <algorithm>
#include <array>
#include <chrono>

namespace balance {

Duration ClockSkew::Correction() const {
  if (samples_.empty()) return {};
  const Sample median = Median();
  const Duration skew = median.offset - OurOffset();
  const Duration size = std::chrono::abs(skew);
  if (size <= kIgnored + median.error || size > kMaxCorrection) return {};
  return skew;
}

void ClockSkew::Observe(WallTime date, WallTime sent, WallTime received) {
  const Duration took = received - sent;
  if (took < Duration::zero() || took >= kSlowestExchange) return;
  constexpr Duration kHalfSecond = std::chrono::milliseconds(500);
  const Duration ahead = date + kHalfSecond - (sent + took / 2);
  samples_.push_back({OurOffset() + ahead, kHalfSecond + took / 2});
  if (samples_.size() > kSamples) samples_.pop_front();
  offset_ = Median().offset.count();
  is_known_ = true;
}

std::optional<Duration> ClockSkew::Skew() const {
  if (!is_known_) return std::nullopt;
  return Duration(offset_.load()) - OurOffset();
}

ClockSkew::Sample ClockSkew::Median() const {
  // Asked for with each request: nothing is allocated for it.
  std::array<Sample, kSamples> sorted;
  const auto end = std::copy(samples_.begin(), samples_.end(), sorted.begin());
  const auto middle = sorted.begin() + (end - sorted.begin()) / 2;
  std::nth_element(sorted.begin(), middle, end,
                   [](const Sample& a, const Sample& b) { return a.offset < b.offset; });
  return *middle;
}

}  // namespace balance
