#include "clients/redis/redis_health.h"

#include <algorithm>
#include <utility>

namespace balance {

RedisHealth::RedisHealth(Random random, Settings settings)
    : settings_(settings), random_(std::move(random)) {
  failed_at_.fill(SteadyTime::min());
}

void RedisHealth::OnFailure(SteadyTime now, const RedisError& error) {
  reason_ = error;
  ++by_kind_[static_cast<std::size_t>(error.kind)];
  std::rotate(failed_at_.begin(), failed_at_.begin() + 1, failed_at_.end());
  failed_at_.back() = now;
  const SteadyTime oldest = failed_at_.front();
  if (is_open_ || oldest == SteadyTime::min() || now - oldest > settings_.window) return;
  is_open_ = true;
  ++times_opened_;
}

void RedisHealth::OnProbeSuccess() {
  is_open_ = false;
  reason_.reset();
}

Duration RedisHealth::NextProbe() {
  const double factor = 1 + settings_.jitter * (2 * random_() - 1);
  return Duration(
      static_cast<Duration::rep>(static_cast<double>(settings_.probe_interval.count()) * factor));
}

}  // namespace balance
