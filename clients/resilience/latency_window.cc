#include "clients/resilience/latency_window.h"

#include <algorithm>
#include <cmath>

namespace balance {

void LatencyWindow::Add(Duration latency) { latest_[count_++ % latest_.size()] = latency; }

std::optional<Duration> LatencyWindow::Quantile(double q) const {
  const std::size_t size = std::min(count_, latest_.size());
  if (size == 0) return std::nullopt;
  auto sorted = latest_;
  const auto share = static_cast<std::size_t>(std::ceil(q * static_cast<double>(size)));
  const std::size_t rank = std::max<std::size_t>(share, 1) - 1;
  const auto begin = sorted.begin();
  std::nth_element(begin, begin + static_cast<std::ptrdiff_t>(rank),
                   begin + static_cast<std::ptrdiff_t>(size));
  return sorted[rank];
}

}  // namespace balance
