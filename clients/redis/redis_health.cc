#include "clients/redis/redis_health.h"

#include <algorithm>
#include <utility>

#include "clients/resilience/growing_pause.h"

namespace balance {

RedisHealth::RedisHealth(Random random, Settings settings)
    : settings_(settings), random_(std::move(random)) {
  failed_at_.fill(SteadyTime::min());
}

void RedisHealth::OnSuccess() {
  reason_.reset();
  // One that was sent before it opened says nothing of a trial.
  if (is_open_) return;
  is_on_trial_ = false;
  failed_trials_ = 0;
}

void RedisHealth::OnFailure(SteadyTime now, const RedisError& error) {
  reason_ = error;
  ++by_kind_[static_cast<std::size_t>(error.kind)];
  std::rotate(failed_at_.begin(), failed_at_.begin() + 1, failed_at_.end());
  failed_at_.back() = now;
  if (is_open_) return;
  if (is_on_trial_ && now - closed_at_ > settings_.window) {
    is_on_trial_ = false;
    failed_trials_ = 0;
  }
  if (is_on_trial_ || HasFailedTooOften(now)) Open(now);
}

bool RedisHealth::HasFailedTooOften(SteadyTime now) const {
  const SteadyTime oldest = failed_at_.front();
  return oldest != SteadyTime::min() && now - oldest <= settings_.window;
}

void RedisHealth::Open(SteadyTime now) {
  is_open_ = true;
  ++times_opened_;
  if (!std::exchange(is_on_trial_, false)) return;
  stays_open_until_ =
      now + GrowingPause(settings_.first_pause, failed_trials_++, settings_.longest_pause);
}

void RedisHealth::OnProbeSuccess(SteadyTime now) {
  if (is_open_) {
    if (now < stays_open_until_) return;
    is_open_ = false;
    is_on_trial_ = true;
    closed_at_ = now;
  }
  reason_.reset();
}

Duration RedisHealth::NextProbe() {
  const double factor = 1 + settings_.jitter * (2 * random_() - 1);
  return Duration(
      static_cast<Duration::rep>(static_cast<double>(settings_.probe_interval.count()) * factor));
}

}  // namespace balance
