#pragma once

// The port through which a venue's client learns how far an upstream's wall clock is from ours.

#include "clients/core/clock.h"

namespace balance {

// Used on its shard's thread only.
class UpstreamClock {
 public:
  virtual ~UpstreamClock() = default;

  // What to add to our wall clock before signing; zero while the two are close.
  virtual Duration Correction() const = 0;

  // The Date of an answer of the upstream itself, to a request sent and received at these times of
  // our clock.
  virtual void Observe(WallTime date, WallTime sent, WallTime received) = 0;

  // The upstream rejected the time of a request: what was known does not hold any more.
  virtual void Distrust() = 0;
};

}  // namespace balance
