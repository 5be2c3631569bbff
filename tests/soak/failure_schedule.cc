#include "tests/soak/failure_schedule.h"

#include <algorithm>

namespace balance {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

// Of a breaker.
constexpr Duration kFirstPause = seconds(5);
constexpr Duration kLongestPause = seconds(60);
constexpr double kJitter = 0.2;
constexpr std::uint64_t kFailuresInARow = 5;

// `pause` with the least or the greatest jitter.
Duration Spread(Duration pause, double share, const FailureSchedule& schedule) {
  const auto spread =
      Duration(static_cast<Duration::rep>(static_cast<double>(pause.count()) * (1 + share)));
  return std::clamp(spread, schedule.first_pause, schedule.longest_pause);
}

// Number of requests after the first ones, where each pause is changed by `share` and each request
// costs `slack` more.
std::uint64_t Probes(Duration time, const FailureSchedule& schedule, double share, Duration slack) {
  std::uint64_t probes = 0;
  Duration pause = schedule.first_pause;
  for (Duration at{0};; ++probes) {
    at += Spread(pause, share, schedule) + slack;
    if (at > time) return probes;
    pause = std::min(2 * pause, schedule.longest_pause);
  }
}

}  // namespace

FailureSchedule ScheduleOf(const std::string& reason) {
  if (reason == "SOURCE_CREDENTIALS_REJECTED" || reason == "SOURCE_FORBIDDEN") {
    return {1, seconds(60), minutes(15), 0};
  }
  const std::uint64_t at_first = reason == "SOURCE_REPLY_INVALID" ? 1 : kFailuresInARow;
  return {at_first, kFirstPause, kLongestPause, kJitter};
}

RequestCount RequestsWithin(Duration time, const FailureSchedule& schedule, Duration slack) {
  const auto at_first = static_cast<Duration::rep>(schedule.at_first);
  const Duration left = time - at_first * slack;
  // Where the time is too short to show that it fails, one request has been made.
  const std::uint64_t least =
      left < Duration::zero() ? 1
                              : schedule.at_first + Probes(left, schedule, schedule.jitter, slack);
  return {least, schedule.at_first + Probes(time, schedule, -schedule.jitter, Duration::zero())};
}

}  // namespace balance
