#pragma once

// How long the latest good answers took.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "clients/core/clock.h"

namespace balance {

// Small while there were few answers, since every login and every source has one. Used on one
// thread.
class LatencyWindow {
 public:
  void Add(Duration latency);

  // The latency that a share `q` of the latest answers did not exceed; unset before the first.
  // REQUIRES: 0 <= q <= 1.
  std::optional<Duration> Quantile(double q) const;

 private:
  static constexpr std::size_t kMost = 32;

  // The latest latencies in microseconds, rounded up; once there are kMost, each takes the place of
  // the oldest.
  std::vector<std::uint32_t> latest_;
  // Index of the oldest.
  std::size_t oldest_ = 0;
};

}  // namespace balance
