#include "clients/resilience/latency_window.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>

namespace balance {
namespace {

using std::chrono::microseconds;

std::uint32_t ToMicroseconds(Duration latency) {
  constexpr microseconds::rep kMost = std::numeric_limits<std::uint32_t>::max();
  const auto count = std::chrono::ceil<microseconds>(latency).count();
  return static_cast<std::uint32_t>(std::clamp<microseconds::rep>(count, 0, kMost));
}

}  // namespace

void LatencyWindow::Add(Duration latency) {
  if (latest_.size() < kMost) return latest_.push_back(ToMicroseconds(latency));
  latest_[oldest_] = ToMicroseconds(latency);
  oldest_ = (oldest_ + 1) % kMost;
}

std::optional<Duration> LatencyWindow::Quantile(double q) const {
  const std::size_t size = latest_.size();
  if (size == 0) return std::nullopt;
  auto sorted = latest_;
  const auto share = static_cast<std::size_t>(std::ceil(q * static_cast<double>(size)));
  const std::size_t rank = std::max<std::size_t>(share, 1) - 1;
  std::nth_element(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(rank),
                   sorted.end());
  return microseconds(sorted[rank]);
}

}  // namespace balance
