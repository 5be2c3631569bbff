#pragma once

// The timers of all streams of a loop, behind one of the loop's: a timer of its own would take most
// of what an idle stream may.

#include <set>
#include <utility>

#include "clients/core/alarm.h"
#include "clients/core/clock.h"

namespace balance {

class H2ServerStream;

// Used on its loop's thread only.
class StreamTimers {
 public:
  // `clock` must outlive it.
  StreamTimers(LoopExecutor executor, Clock& clock) : clock_(clock), alarm_(executor, clock) {}

  // Calls `stream` at or after `when`, never from here. REQUIRES: no time is set for it.
  void Add(H2ServerStream& stream, SteadyTime when);
  // REQUIRES: it was added with that time, and has not been called.
  void Remove(H2ServerStream& stream, SteadyTime when);

 private:
  void Plan();
  void OnDue();

  const Clock& clock_;
  std::set<std::pair<SteadyTime, H2ServerStream*>> all_;
  // Fires at planned_; max(): not at all.
  Alarm alarm_;
  SteadyTime planned_ = SteadyTime::max();
};

}  // namespace balance
