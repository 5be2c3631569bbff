#include "clients/redis/fleet_clock.h"

namespace balance {

void FleetClock::Follow(const RedisClock& redis) {
  if (!redis.is_known()) return;
  const SteadyTime now = own_.SteadyNow();
  const Duration least = ToWallTime(redis.Latest(now)).time_since_epoch() - now.time_since_epoch();
  const Duration::rep offset = offset_.load(std::memory_order_relaxed);
  if (offset != kUnknown && Duration(offset) >= least && Duration(offset) <= least + kMostAhead) {
    return;
  }
  offset_.store((least + kMostAhead / 2).count(), std::memory_order_relaxed);
}

WallTime FleetClock::WallNow() const {
  const Duration::rep offset = offset_.load(std::memory_order_relaxed);
  if (offset == kUnknown) return own_.WallNow();
  return WallTime(own_.SteadyNow().time_since_epoch() + Duration(offset));
}

}  // namespace balance
