#include "service/feed/read_policy.h"

#include <algorithm>

namespace balance {
namespace {

Duration AgeOf(const Reading& reading, Now now) { return now.steady - reading.observe_steady; }

// Whether a reading meets the bounds of a call made at `asked`.
bool IsAcceptable(const SourceStatus& status, const ReadBounds& bounds, Now asked, Now now) {
  if (!status.reading || status.is_of_other_login) return false;
  const Reading& reading = *status.reading;
  if (bounds.not_before && reading.observe_time < *bounds.not_before) return false;
  // A rejected key will not heal: what was read with it is not shown past its TTL, whatever age the
  // caller would take.
  if (status.is_rejected && AgeOf(reading, now) > status.info->cache.ttl) return false;
  return reading.observe_steady >= OldestAcceptable(bounds, status.info->cache, asked);
}

// Whether a reading that does not meet the bounds may be shown in place of nothing.
bool IsShowableStale(const SourceStatus& status, const ReadBounds& bounds, Now now) {
  if (!status.reading) return false;
  const Reading& reading = *status.reading;
  const CacheSettings& cache = status.info->cache;
  if (bounds.not_before && reading.observe_time < *bounds.not_before) return false;
  if (bounds.max_stale == Duration::zero()) return false;
  const Duration past_ttl =
      status.is_rejected ? Duration::zero()
                         : std::min(cache.max_stale, bounds.max_stale.value_or(Duration::max()));
  return AgeOf(reading, now) <= cache.ttl + past_ttl;
}

// What is over counts no more: then a refresh may be tried as often as at all.
std::optional<Duration> RetryAfter(const SourceStatus& status, SteadyTime now) {
  if (!status.failure || !TraitsOf(status.failure->error.kind).heals) return std::nullopt;
  const Duration left = status.failure->next_attempt - now;
  return left > Duration::zero() ? ToMillisecond(left) : status.info->cache.min_refresh_interval;
}

Outcome OutcomeOf(Waited waited) {
  switch (waited) {
    case Waited::kStarted:
      return Outcome::kFetched;
    case Waited::kJoined:
      return Outcome::kJoined;
    case Waited::kNot:
    case Waited::kGaveUp:
    case Waited::kRefused:
      return Outcome::kHit;
  }
  return Outcome::kHit;
}

}  // namespace

SteadyTime OldestAcceptable(const ReadBounds& bounds, const CacheSettings& cache, Now now) {
  // Ages beyond the steady clock's own are all the same: any reading will do.
  const Duration since_origin = now.steady.time_since_epoch();
  const Duration max_age = std::min(bounds.max_age.value_or(cache.ttl), since_origin);
  SteadyTime oldest = now.steady - max_age;
  if (bounds.not_before) {
    const Duration ago = std::min<Duration>(now.wall - *bounds.not_before, since_origin);
    oldest = std::max(oldest, now.steady - ago);
  }
  return oldest;
}

ReadAction Decide(const SourceStatus& status, const ReadBounds& bounds, Now now) {
  if (IsAcceptable(status, bounds, now, now)) return ReadAction::kAnswer;
  if (bounds.only_if_cached) return ReadAction::kAnswer;
  if (bounds.IsExplicit()) return ReadAction::kWait;

  const CacheSettings& cache = status.info->cache;
  // A failure stands for the attempts that may not be made yet.
  if (status.failure && now.steady < status.failure->next_attempt) return ReadAction::kAnswer;
  if (IsShowableStale(status, bounds, now) && !status.is_rejected &&
      AgeOf(*status.reading, now) <= cache.ttl + cache.stale_while_revalidate) {
    return ReadAction::kAnswerAndRefresh;
  }
  return ReadAction::kWait;
}

Duration ToMillisecond(Duration delay) {
  constexpr Duration kStep = std::chrono::milliseconds(1);
  // Delays without end have no whole millisecond above them.
  return delay > Duration::max() - kStep ? delay : (delay + kStep - Duration(1)) / kStep * kStep;
}

SourceView Show(const SourceStatus& status, const ReadBounds& bounds, Waited waited, Now asked,
                Now now) {
  SourceView view;
  view.info = status.info;
  view.failure = status.failure;
  view.retry_after = RetryAfter(status, now.steady);
  view.currencies = status.currencies;
  view.is_of_other_login = status.is_of_other_login;
  if (IsAcceptable(status, bounds, asked, now)) {
    view.reading = status.reading;
    view.meets_bounds = true;
    view.state = AgeOf(*status.reading, now) <= status.info->cache.ttl ? SourceState::kFresh
                                                                       : SourceState::kStale;
    view.outcome = OutcomeOf(waited);
    return view;
  }
  if (!IsShowableStale(status, bounds, now)) return view;
  view.reading = status.reading;
  view.state = SourceState::kStale;
  if (status.failure) {
    view.outcome = Outcome::kStaleOnError;
  } else if (!bounds.only_if_cached && waited != Waited::kRefused) {
    view.outcome = Outcome::kStaleRevalidating;
  }
  return view;
}

SourceView ShowNotRequested(const SourceStatus& status) {
  SourceView view;
  view.info = status.info;
  view.state = SourceState::kNotRequested;
  view.currencies = status.currencies;
  return view;
}

SteadyTime NextStateChange(const SourceStatus& status, SteadyTime now) {
  if (!status.reading) return SteadyTime::max();
  const CacheSettings& cache = status.info->cache;
  const SteadyTime fresh_until = status.reading->observe_steady + cache.ttl;
  if (now <= fresh_until && !status.is_of_other_login) return fresh_until;
  const SteadyTime shown_until =
      fresh_until + (status.is_rejected ? Duration::zero() : cache.max_stale);
  return now <= shown_until ? shown_until : SteadyTime::max();
}

}  // namespace balance
