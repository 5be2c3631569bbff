#pragma once

// How far an upstream's clock is from ours, as a test wishes.

#include <vector>

#include "clients/core/upstream_clock.h"

namespace balance {

class FakeUpstreamClock final : public UpstreamClock {
 public:
  Duration Correction() const override { return correction; }
  void Observe(WallTime date, WallTime, WallTime) override { dates.push_back(date); }
  void Distrust() override { ++distrusted; }

  Duration correction{};
  std::vector<WallTime> dates;
  int distrusted = 0;
};

}  // namespace balance
