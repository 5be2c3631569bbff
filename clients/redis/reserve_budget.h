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
  // `reserve`, above 0, is the share of the rate that all replicas without Redis may use together.
  ReserveBudget(const RateSettings& rate, double reserve, int max_replicas, Random random);

  // Changes the rate that it is a share of, as after a reload.
  void SetRate(const RateSettings& rate);

  // Redis is lost from `now` on (true), or can be used again (false).
  void SetCutOff(SteadyTime now, bool is_cut_off);

  // When the next request may be sent. REQUIRES: cut off.
  SteadyTime Earliest() const;
  // A request is sent at `now`, which is not before Earliest().
  void Take(SteadyTime now) { bucket_.Take(now); }

 private:
  // Part of any rate that this replica may use.
  const double share_;
  RateBucket bucket_;
  Random random_;
  bool is_cut_off_ = false;
  SteadyTime begins_ = SteadyTime::min();
};

}  // namespace balance
