#include "clients/redis/stored_news.h"

#include <optional>
#include <utility>

namespace balance {

using std::chrono::microseconds;

RedisTime ObservedAt(RedisTime sent, const Reading& reading) {
  return sent -
         std::chrono::ceil<microseconds>(std::clamp(reading.cache_age, Duration::zero(), kFar));
}

FleetNews NewsOf(OpenedValue opened, const RedisClock& clock, RedisTime now, SteadyTime here) {
  StoredBy& by = opened.by;
  if (auto* const stored = std::get_if<StoredReading>(&opened.value)) {
    FleetReading reading{std::move(stored->reading), stored->observed, std::move(by.owner),
                         by.is_from_reserve};
    reading.reading.observe_steady = std::min(clock.SurelyBefore(stored->observed), here);
    return reading;
  }
  auto& stored = std::get<StoredFailure>(opened.value);
  FleetFailure failure{std::move(stored.error), stored.observed,
                       std::min(clock.SurelyBefore(stored.observed), here), std::move(by.owner),
                       by.is_from_reserve};
  if (stored.retry_at) failure.error.retry_after = WhatIsLeft(*stored.retry_at, now);
  return failure;
}

StoredValue StoredOf(std::variant<Reading, Error> result, RedisTime observed) {
  if (auto* const reading = std::get_if<Reading>(&result)) {
    const Duration took = reading->receive_time - reading->observe_time;
    const auto received = observed + std::chrono::floor<microseconds>(std::max(took, Duration{0}));
    return StoredReading{observed, received, std::move(*reading)};
  }
  auto& error = std::get<Error>(result);
  StoredFailure failure{observed, std::move(error), std::nullopt};
  if (failure.error.retry_after) {
    failure.retry_at = observed + std::chrono::ceil<microseconds>(
                                      std::clamp(*failure.error.retry_after, Duration{0}, kFar));
  }
  return failure;
}

RedisTime ObservedOf(const StoreRequest& request, const RedisClock& clock) {
  const auto* const reading = std::get_if<Reading>(&request.result);
  if (!request.grant) return clock.Earliest(reading ? reading->observe_steady : request.sent);
  return reading ? ObservedAt(request.grant->observed, *reading) : request.grant->observed;
}

Acquired AcquiredOf(FleetNews news, const AcquireRequest& request, SteadyTime asked) {
  if (auto* const told = std::get_if<FleetReading>(&news)) {
    SteadyTime& observed = told->reading.observe_steady;
    observed = std::max(observed, std::min(request.observed_from, asked));
    return std::move(*told);
  }
  auto& failure = std::get<FleetFailure>(news);
  failure.sent = std::max(failure.sent, std::min(request.failed_from, asked));
  return std::move(failure);
}

}  // namespace balance
