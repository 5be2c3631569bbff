#include "service/feed/watch_pace.h"

#include "clients/core/saturating.h"

namespace balance {
namespace {

// Least time for a refresh, where it is not more than a twentieth of the pace: no refresh is so
// fast that it needs none, and none that is watched at a slow pace needs much.
constexpr Duration kMostIdleLead = std::chrono::milliseconds(500);

// When a reading or an attempt of `since` is as old as `pace`, less the time for the next. Who
// watches may take any age.
SteadyTime DueAfter(SteadyTime since, Duration pace, Duration took) {
  return SaturatingAdd(since, pace - WatchLead(pace, took));
}

// When a source is read that was asked at `last_attempt`.
SteadyTime DueByPace(const SourceStatus& status, SteadyTime last_attempt, Duration pace,
                     Duration took) {
  if (!status.failure) return DueAfter(last_attempt, pace, took);
  // What has failed is tried again at the TTL, from when on there is nothing that is new enough.
  const SteadyTime again = DueAfter(last_attempt, std::min(pace, status.info->cache.ttl), took);
  if (!status.reading) return again;
  return std::max(again, DueAfter(status.reading->observe_steady, pace, took));
}

}  // namespace

void WatchPace::Remove(WatchedAge max_age) {
  const auto found = watchers_.find(max_age);
  if (--found->second == 0) watchers_.erase(found);
}

Duration WatchPace::Get(Duration fresh_for, Duration min_refresh_interval) const {
  Duration pace = Duration::max();
  for (const auto& [max_age, count] : watchers_) pace = std::min(pace, max_age.value_or(fresh_for));
  return std::max(pace, min_refresh_interval);
}

Duration WatchLead(Duration pace, Duration took) {
  return std::min(pace / 2, std::max(2 * took, std::min(pace / 20, kMostIdleLead)));
}

SteadyTime NextWatchedRead(const SourceStatus& status, Duration pace, Duration took,
                           SteadyTime now) {
  if (!status.last_attempt && !status.failure) return now;
  if (status.IsOutdatedSinceAttempt() && !status.failure) return now;
  SteadyTime due = now;
  if (status.last_attempt) {
    // What may be true no longer, and could not be read anew, does not wait for its pace.
    const bool is_urgent = status.failure && status.IsOutdated();
    due = *status.last_attempt + status.info->cache.min_refresh_interval;
    if (!is_urgent) due = std::max(due, DueByPace(status, *status.last_attempt, pace, took));
  }
  if (!status.failure || status.failure->next_attempt <= due) return due;
  // A pause may end before it is due to, so the source is looked at meanwhile. That look is always
  // later than now, for a look that finds the pause plans the next one.
  const SteadyTime next_look = std::max(due, SaturatingAdd(now, std::max(pace, kLeastUnsentPause)));
  return std::min(status.failure->next_attempt, next_look);
}

}  // namespace balance
