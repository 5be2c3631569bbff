#pragma once

// A time that one thread sets and any thread reads.

#include <atomic>
#include <optional>

#include "clients/core/clock.h"

namespace balance {

class SharedTime {
 public:
  void Set(SteadyTime when) {
    when_.store(when.time_since_epoch().count(), std::memory_order_relaxed);
  }

  // Unset once it has passed, and before it was ever set.
  std::optional<SteadyTime> After(SteadyTime now) const {
    const SteadyTime when{Duration(when_.load(std::memory_order_relaxed))};
    if (when <= now) return std::nullopt;
    return when;
  }

 private:
  std::atomic<Duration::rep> when_ = SteadyTime::min().time_since_epoch().count();
};

}  // namespace balance
