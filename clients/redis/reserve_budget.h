#pragma once

// The part of a credential's rate that one replica may use while it cannot reach Redis.

#include "clients/core/clock.h"
#include "clients/core/random.h"
#include "clients/core/source_info.h"
#include "clients/resilience/rate_budget.h"

namespace balance {

// The reserve is divided evenly among all replicas that there may be, so nobody has to know who is
// cut off. Without bursts, and from a random point of its period on: replicas that lose Redis at
// one moment do not ask at one moment.
//
// Shared by the sources of a credential. Time is an argument. Used on one thread.
class ReserveBudget {
 public:
  // `reserve` is the share of the rate that all replicas without Redis together may use, above 0.
  ReserveBudget(const RateSettings& rate, double reserve, int max_replicas, Random random);

  // Of the configuration that was read anew.
  void SetRate(const RateSettings& rate);

  // Redis is lost from `now` on, or is reached again.
  void SetCutOff(SteadyTime now, bool is_cut_off);

  // When the next request may be sent. REQUIRES: cut off.
  SteadyTime Earliest() const;
  // One is sent at `now`, which is not before Earliest().
  void Take(SteadyTime now) { bucket_.Take(now); }

 private:
  // Of every rate.
  const double share_;
  RateBucket bucket_;
  Random random_;
  bool is_cut_off_ = false;
  SteadyTime begins_ = SteadyTime::min();
};

}  // namespace balance
