#pragma once

// Pauses that double while a failure lasts.

#include <algorithm>

#include "clients/core/clock.h"

namespace balance {

// `first` for the first pause in a row, twice as long for each that came before it (`before` of
// them), at most `longest`. REQUIRES: 0 < first <= longest; longest is at most half of what a
// Duration holds.
inline Duration GrowingPause(Duration first, int before, Duration longest) {
  Duration pause = first;
  for (int i = 0; i < before && pause < longest; ++i) pause *= 2;
  return std::min(pause, longest);
}

// `pause`, lengthened or shortened at random by up to `share` of it, but never below `first` nor
// above `longest`. `chance` is uniform in [0, 1).
inline Duration Spread(Duration pause, Duration first, Duration longest, double share,
                       double chance) {
  const double factor = 1 + share * (2 * chance - 1);
  const auto spread =
      Duration(static_cast<Duration::rep>(static_cast<double>(pause.count()) * factor));
  return std::clamp(spread, first, longest);
}

}  // namespace balance
