#pragma once

// Ends the process if its orderly stop is not awaited any longer, or hangs.

#include <signal.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "clients/core/clock.h"

namespace balance {

// Lives as long as the stop: while it does, a SIGTERM or SIGINT ends the process at once with exit
// code 0, and after `patience` it ends with EX_SOFTWARE. Either way a line of the log says so and
// no destructor runs. Has a thread of its own.
class StopGuard {
 public:
  // REQUIRES: all threads block `signals`, which hold SIGTERM and SIGINT, and none but this object
  // waits for them.
  StopGuard(const sigset_t& signals, Duration patience);
  StopGuard(const StopGuard&) = delete;
  StopGuard& operator=(const StopGuard&) = delete;
  ~StopGuard();

 private:
  void Watch(std::chrono::steady_clock::time_point end);

  const sigset_t signals_;
  std::atomic<bool> stopped_ = false;
  std::thread thread_;
};

}  // namespace balance
