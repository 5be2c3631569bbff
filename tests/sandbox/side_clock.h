#pragma once

// A side's idea of the time: the sandbox's clock with a settable error.

#include "clients/core/clock.h"

namespace balance::sandbox {

// Used on the sandbox's loop only.
class SideClock {
 public:
  // `clock` must outlive it.
  explicit SideClock(const Clock& clock) : clock_(clock) {}

  void SetOffset(Duration offset) { offset_ = offset; }
  Duration offset() const { return offset_; }

  WallTime WallNow() const { return clock_.WallNow() + offset_; }
  SteadyTime SteadyNow() const { return clock_.SteadyNow(); }

 private:
  const Clock& clock_;
  Duration offset_{};
};

}  // namespace balance::sandbox
