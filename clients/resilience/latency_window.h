#pragma once

// How long the latest good answers took.

#include <array>
#include <cstddef>
#include <optional>

#include "clients/core/clock.h"

namespace balance {

// Used on one thread.
class LatencyWindow {
 public:
  void Add(Duration latency);

  // The latency that a share `q` of the latest answers did not exceed; unset before the first.
  // REQUIRES: 0 <= q <= 1.
  std::optional<Duration> Quantile(double q) const;

 private:
  std::array<Duration, 32> latest_{};
  std::size_t count_ = 0;
};

}  // namespace balance
