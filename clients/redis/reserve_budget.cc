#include "clients/redis/reserve_budget.h"

#include <algorithm>
#include <utility>

namespace balance {

ReserveBudget::ReserveBudget(const RateSettings& rate, double reserve, int max_replicas,
                             Random random)
    : share_(reserve / max_replicas),
      bucket_(rate.requests_per_second * share_, 1),
      random_(std::move(random)) {}

void ReserveBudget::SetRate(const RateSettings& rate) {
  bucket_.SetRate(rate.requests_per_second * share_);
}

void ReserveBudget::SetCutOff(SteadyTime now, bool is_cut_off) {
  if (std::exchange(is_cut_off_, is_cut_off) == is_cut_off || !is_cut_off) return;
  const auto period = static_cast<double>(bucket_.interval().count());
  begins_ = now + Duration(static_cast<Duration::rep>(period * random_()));
}

SteadyTime ReserveBudget::Earliest() const { return std::max(bucket_.Earliest(), begins_); }

}  // namespace balance
