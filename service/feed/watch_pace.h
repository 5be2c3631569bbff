#pragma once

// How often those who watch a source want it read. Pure.

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>

#include "clients/core/clock.h"
#include "service/feed/source_status.h"

namespace balance {

// What one watcher of a source wants.
using WatchedAge = std::optional<Duration>;

// The paces of all who watch a source. However many there are, it is read as often as the most
// demanding one asks.
class WatchPace {
 public:
  // `max_age`: how old a reading may become; unset: as old as it is FRESH for.
  void Add(WatchedAge max_age) { ++watchers_[max_age]; }
  // REQUIRES: it was added.
  void Remove(WatchedAge max_age);

  bool empty() const { return watchers_.empty(); }

  // Greatest age that a reading may reach that is FRESH for `fresh_for`, but never below
  // `min_refresh_interval`. REQUIRES: not empty.
  Duration Get(Duration fresh_for, Duration min_refresh_interval) const;

 private:
  // Number of watchers by what they ask for; what is unset comes first.
  std::map<WatchedAge, int> watchers_;
};

// Least time between two looks at a watched source that may not be read meanwhile, as far as it is
// known.
inline constexpr Duration kLeastUnsentPause = std::chrono::milliseconds(100);

// How long before a reading has reached its greatest age, `pace`, it is refreshed, so that the next
// one is there in time: `took` is what a refresh takes.
Duration WatchLead(Duration pace, Duration took);

// When a watched source is to be looked at again: it is to be read then, or what forbids it may be
// over. A time in the past means now.
SteadyTime NextWatchedRead(const SourceStatus& status, Duration pace, Duration took,
                           SteadyTime now);

}  // namespace balance
