#pragma once

// One callback at one time, re-armable: a timer that takes its time from a Clock.

#include <functional>
#include <memory>

#include "clients/core/clock.h"
#include "clients/core/loop_executor.h"

namespace balance {

// Used on one executor's thread only. Destruction and Cancel() are silent: the callback of an alarm
// that was cancelled or set anew never runs.
class Alarm {
 public:
  // `clock` must outlive the alarm.
  Alarm(LoopExecutor executor, Clock& clock);
  Alarm(const Alarm&) = delete;
  Alarm& operator=(const Alarm&) = delete;
  ~Alarm();

  // Runs `callback` on the executor at or after `when`, instead of whatever was set before.
  void Set(SteadyTime when, std::function<void()> callback);
  void Cancel();

 private:
  LoopExecutor executor_;
  Clock& clock_;
  // Made when it is first set: most alarms of a read never are.
  std::unique_ptr<ClockTimer> timer_;
};

}  // namespace balance
