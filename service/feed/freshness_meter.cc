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
  asked_until_ = std::max(asked_until_, when + longest_ + kGrace);
}

void FreshnessMeter::SetWatched(std::optional<Duration> age, SteadyTime now) {
  CountUntil(now);
  if (age && !IsInDemand(now)) BeginDemand(now);
  is_watched_ = age.has_value();
  watched_age_ = age.value_or(Duration::zero());
}

void FreshnessMeter::SetFreshFor(std::optional<Duration> fresh_for, SteadyTime now) {
  if (fresh_for == fresh_for_) return;
  CountUntil(now);
  lost_at_ = std::min(now, FreshUntil());
  fresh_for_ = fresh_for;
}

void FreshnessMeter::OnReading(SteadyTime observed, SteadyTime now) {
  CountUntil(now);
  observed_ = observed;
  lost_at_ = SteadyTime::min();
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
  const SteadyTime fresh_until = SaturatingAdd(std::max(demand_since_, FreshUntil()), kGrace);
  times_.in_demand += end - begin;
  times_.fresh += std::max(Duration::zero(), std::min(end, fresh_until) - begin);
}

SteadyTime FreshnessMeter::FreshUntil() const {
  if (!observed_ || !fresh_for_) return lost_at_;
  return std::max(lost_at_, SaturatingAdd(*observed_, std::max(*fresh_for_, watched_age_)));
}

}  // namespace balance
