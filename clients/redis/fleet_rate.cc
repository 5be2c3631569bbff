#include <algorithm>
#include <cassert>
#include <cmath>

#include "clients/redis/fleet_store.h"
#include "clients/resilience/rate_budget.h"

namespace balance {

FleetRate FleetRateOf(const RateSettings& rate, double reserve) {
  assert(reserve >= 0 && reserve < 1);
  // As for one process: whole requests only can use up a ceiling of one a second or more.
  const double ceiling = rate.requests_per_second;
  const double usable = ceiling < 1 ? ceiling : std::floor(ceiling);
  const double given = std::min(usable, ceiling * (1 - reserve));
  const Duration interval =
      RateBucket(std::max(given, RateSettings::kLeastPerSecond), rate.burst).interval();
  FleetRate fleet;
  fleet.interval = std::chrono::ceil<std::chrono::microseconds>(interval);
  fleet.tolerance = fleet.interval * (rate.burst - 1);
  return fleet;
}

}  // namespace balance
