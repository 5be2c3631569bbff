#pragma once

#include <ctime>

#include "clients/core/clock.h"

namespace balance {

// Processor time of the calling thread: what else the machine does is not in it.
inline Duration CpuTime() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + Duration(time.tv_nsec);
}

}  // namespace balance
