#include "service/feed/freshness_meter.h"

#include <algorithm>
#include <utility>

#include "clients/core/saturating.h"

namespace balance {

FreshnessTimes& FreshnessTimes::operator+=(const FreshnessTimes& other) {
  in_demand += other.in_demand;
  fresh += other.fresh;
  oldest = std::max(oldest, other.oldest);
  return *this;
}

void FreshnessMeter::Ask(SteadyTime when) {
  CountUntil(when);
  if (!IsInDemand(when)) BeginDemand(when);
  asked_until_ = std::max(asked_until_, when + ttl_ + kGrace);
}

void FreshnessMeter::SetWatched(std::optional<Duration> age, SteadyTime now) {
  CountUntil(now);
  if (age && !IsInDemand(now)) BeginDemand(now);
  is_watched_ = age.has_value();
  watched_age_ = std::max(ttl_, age.value_or(Duration::zero()));
}

void FreshnessMeter::OnReading(SteadyTime observed, SteadyTime now) {
  CountUntil(now);
  observed_ = observed;
}

FreshnessTimes FreshnessMeter::Take(SteadyTime now) {
  CountUntil(now);
  return std::exchange(times_, {});
}

void FreshnessMeter::BeginDemand(SteadyTime now) {
  demand_since_ = now;
  counted_until_ = std::max(counted_until_, now);
}

void FreshnessMeter::CountUntil(SteadyTime now) {
  const SteadyTime begin = counted_until_;
  if (now <= begin) return;
  counted_until_ = now;
  const SteadyTime end = is_watched_ ? now : std::min(now, asked_until_);
  if (end <= begin) return;
  SteadyTime fresh_until = demand_since_;
  if (observed_) fresh_until = std::max(fresh_until, SaturatingAdd(*observed_, watched_age_));
  times_.in_demand += end - begin;
  times_.fresh +=
      std::max(Duration::zero(), std::min(end, SaturatingAdd(fresh_until, kGrace)) - begin);
}

}  // namespace balance
