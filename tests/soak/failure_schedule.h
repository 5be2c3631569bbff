#pragma once

// How often a login that always fails may be asked, and must be. Shares no code with the service:
// the schedules are those that the README promises.

#include <cstdint>
#include <string>

#include "clients/core/clock.h"

namespace balance {

// Requests at once until it is seen that the login fails, and then pauses that double.
struct FailureSchedule {
  // Number of requests before the first pause.
  std::uint64_t at_first;
  // Length of the first pause, and of the longest.
  Duration first_pause;
  Duration longest_pause;
  // Share by which a pause may be longer or shorter; it stays between the two lengths above.
  double jitter;
};

struct RequestCount {
  std::uint64_t least;
  std::uint64_t most;

  bool Includes(std::uint64_t count) const { return count >= least && count <= most; }
};

// The schedule for logins whose readers are told `reason`, an ErrorInfo.reason.
FailureSchedule ScheduleOf(const std::string& reason);

// How many requests the schedule allows within `time` from the first one on. The most: all pauses
// are as short as they may be. The least: all are as long as they may be, and each request is
// `slack` late or takes that long to fail. Pure.
RequestCount RequestsWithin(Duration time, const FailureSchedule& schedule, Duration slack);

}  // namespace balance
