#pragma once

// Spreads the requests of one credential over time, so that its rate budget is a hard ceiling: the
// desk's own bots use the same key.

#include "clients/core/clock.h"
#include "clients/core/source_info.h"

namespace balance {

// The generic cell rate algorithm: a request may come up to `burst` - 1 intervals early. In no
// half-open second more than requests_per_second + burst - 1 are allowed. Used on one thread.
class Pacer {
 public:
  // REQUIRES: requests_per_second is positive, burst is at least 1.
  explicit Pacer(const RateSettings& rate);

  // When a request that wants to go at `now` may be sent: `now` or later. Takes nothing.
  SteadyTime EarliestSend(SteadyTime now) const;

  // Takes the turn of EarliestSend() and returns it.
  SteadyTime Take(SteadyTime now);

 private:
  const Duration interval_;
  const Duration tolerance_;
  // When the next request would be exactly in time.
  SteadyTime next_ = SteadyTime::min();
};

}  // namespace balance
