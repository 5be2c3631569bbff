#pragma once

// Shows from outside whether an event loop still does its work, and tells inside how late it is.

#include <algorithm>

#include "clients/core/alarm.h"
#include "clients/core/clock.h"
#include "clients/core/loop_executor.h"
#include "clients/core/mutex.h"

namespace balance {

// A timer of the loop's own that fires again and again. Used on the loop's thread only, except
// IsBeating().
class LoopHeartbeat {
 public:
  static constexpr Duration kInterval = std::chrono::milliseconds(100);
  // Least time for which a late beat is remembered; the most is twice as long.
  static constexpr Duration kMemory = std::chrono::seconds(5);

  // `clock` must outlive the heartbeat.
  LoopHeartbeat(LoopExecutor executor, Clock& clock);

  // Beats from now on, which keeps the loop from ending until Stop().
  void Start();
  void Stop();

  // Greatest lateness of the beats of the last few seconds: timers of this loop fire so much later
  // than they are due at present.
  Duration Lateness() const { return std::max(worst_, worst_before_); }

  // Whether the loop has beaten within `patience`, or does before that time has passed once more:
  // after a pause of the whole process it needs a moment. Thread-safe.
  bool IsBeating(Duration patience) const;

 private:
  void Beat();

  Clock& clock_;
  Alarm alarm_;
  SteadyTime due_;
  // Greatest lateness in the present stretch of kMemory, and in the one before.
  Duration worst_{0};
  Duration worst_before_{0};
  SteadyTime stretch_end_;

  mutable Mutex mutex_;
  mutable ConditionVariable has_beaten_;
  // Time of the latest beat.
  SteadyTime last_ BALANCE_GUARDED_BY(mutex_);
};

}  // namespace balance
