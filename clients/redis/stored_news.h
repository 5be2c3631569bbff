#pragma once

// What lies in Redis in this replica's own time, and the reverse.

#include <algorithm>
#include <chrono>
#include <variant>

#include "clients/core/clock.h"
#include "clients/core/error.h"
#include "clients/core/reading.h"
#include "clients/redis/fleet_store.h"
#include "clients/redis/reading_codec.h"
#include "clients/redis/redis_clock.h"
#include "clients/redis/redis_time.h"
#include "clients/redis/value_vault.h"

namespace balance {

// Longer than any wait for Redis, so that no arithmetic of times wraps.
inline constexpr Duration kFar = std::chrono::hours(24 * 365);

inline Duration WhatIsLeft(RedisTime until, RedisTime now) {
  return std::max<Duration>(until - now, Duration::zero());
}

// A stored value in this replica's own time: the earliest that is possible, so that nothing passes
// for newer than it is. `now` is Redis's and `here` is ours.
FleetNews NewsOf(OpenedValue opened, const RedisClock& clock, RedisTime now, SteadyTime here);

// The same as the answer to a request that was made at `asked`, where Redis has found that the
// value is of the time that the request wants, or later.
Acquired AcquiredOf(FleetNews news, const AcquireRequest& request, SteadyTime asked);

// Observe time of what is to be stored, not later than it was.
RedisTime ObservedOf(const StoreRequest& request, const RedisClock& clock);

// The value to store of what a request brought that was sent when Redis's clock showed `observed`.
StoredValue StoredOf(std::variant<Reading, Error> result, RedisTime observed);

}  // namespace balance
