#include "clients/resilience/pacer.h"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace balance {
namespace {

// Rounded up: rounding down would let one request too many into a second.
Duration IntervalOf(double requests_per_second) {
  assert(requests_per_second > 0);
  return Duration(static_cast<Duration::rep>(std::ceil(1e9 / requests_per_second)));
}

}  // namespace

Pacer::Pacer(const RateSettings& rate)
    : interval_(IntervalOf(rate.requests_per_second)), tolerance_(interval_ * (rate.burst - 1)) {
  assert(rate.burst >= 1);
}

SteadyTime Pacer::EarliestSend(SteadyTime now) const {
  return next_ == SteadyTime::min() ? now : std::max(now, next_ - tolerance_);
}

SteadyTime Pacer::Take(SteadyTime now) {
  const SteadyTime turn = EarliestSend(now);
  next_ = std::max(turn, next_) + interval_;
  return turn;
}

}  // namespace balance
