#pragma once

// How new something that was observed must be.

#include <algorithm>

#include "clients/core/clock.h"

namespace balance {

// Earliest time, on both clocks, at which something must have been observed, or sent, to serve a
// call.
struct ObservedSince {
  SteadyTime steady = SteadyTime::min();
  WallTime wall = WallTime::min();

  bool IsMetBy(Now observed) const { return observed.steady >= steady && observed.wall >= wall; }

  // The bound that a reading meets exactly if it meets both `a` and `b`.
  static ObservedSince Later(ObservedSince a, ObservedSince b) {
    return {std::max(a.steady, b.steady), std::max(a.wall, b.wall)};
  }
};

}  // namespace balance
