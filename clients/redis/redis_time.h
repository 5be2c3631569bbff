#pragma once

// Time on Redis's clock, the one clock that all replicas share.

#include <chrono>
#include <cstdint>

#include "clients/core/clock.h"

namespace balance {

// The clock that Redis's command TIME reads: microseconds since 1970, as the machine of Redis is
// set. It may be set by hand, like any wall clock. There is no now(): see RedisClock.
struct RedisTimeline {
  using duration = std::chrono::microseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<RedisTimeline>;
  static constexpr bool is_steady = false;
};

using RedisTime = RedisTimeline::time_point;

// The same moment for people, if the machine of Redis is set right.
inline WallTime ToWallTime(RedisTime time) { return WallTime(time.time_since_epoch()); }

// The time by Redis's clock of a moment that ToWallTime() has told, or a little later.
inline RedisTime ToRedisTime(WallTime time) {
  return RedisTime(std::chrono::ceil<RedisTimeline::duration>(time.time_since_epoch()));
}

}  // namespace balance
