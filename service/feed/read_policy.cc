#include "service/feed/read_policy.h"

#include <algorithm>

#include "clients/core/saturating.h"

namespace balance {
namespace {

Duration AgeOf(const Reading& reading, Now now) { return now.steady - reading.observe_steady; }

// Bounds that `not_before` alone sets for a call made at `asked`.
ObservedSince SinceNotBefore(const ReadBounds& bounds, Now asked) {
  if (!bounds.not_before) return {};
  const Duration ago = SaturatingDifference(asked.wall, *bounds.not_before);
  return {SaturatingSubtract(SaturatingSubtract(asked.steady, ago), kClockReadGap),
          *bounds.not_before};
}

// Whether a reading meets the bounds of a call made at `asked`.
bool IsAcceptable(const SourceStatus& status, const ReadBounds& bounds, Now asked, Now now) {
  if (!status.reading || status.IsOutdated()) return false;
  const Reading& reading = *status.reading;
  // A rejected key will not heal: what was read with it is not shown past its TTL, whatever age the
  // caller would take.
  if (status.is_rejected && AgeOf(reading, now) > status.info->cache.ttl) return false;
  return OldestAcceptable(bounds, status.FreshFor(), asked).IsMetBy(reading.Observed());
}

// Whether a reading that does not meet the bounds may be shown in place of nothing.
bool IsShowableStale(const SourceStatus& status, const ReadBounds& bounds, Now asked, Now now) {
  if (!status.reading) return false;
  const Reading& reading = *status.reading;
  const CacheSettings& cache = status.info->cache;
  if (!SinceNotBefore(bounds, asked).IsMetBy(reading.Observed())) return false;
  if (bounds.max_stale == Duration::zero()) return false;
  if (status.is_rejected) return AgeOf(reading, now) <= cache.ttl;
  const Duration past = std::min(cache.max_stale, bounds.max_stale.value_or(Duration::max()));
  return AgeOf(reading, now) <= status.LongestFresh() + past;
}

// Whether the source was asked within its TTL and answered: whatever there is, asking again would
// give no more. Matters where a cache on the way gives old answers.
bool WasJustRead(const SourceStatus& status, SteadyTime now) {
  return status.last_attempt && status.reading && !status.failure &&
         !status.IsOutdatedSinceAttempt() && now - *status.last_attempt <= status.info->cache.ttl;
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

// Whether a request has been sent that meets the bounds of a call made at `asked`. A feed that is
// stopped ends the waits for requests that were never sent, or were cut off.
bool WasSentFor(const SourceStatus& status, const ReadBounds& bounds, Now asked) {
  return status.last_attempt &&
         *status.last_attempt >= OldestAcceptable(bounds, status.info->cache.ttl, asked).steady;
}

// Whether what there is was the source's answer to this call, or one that stands for it.
bool IsAnswered(const SourceStatus& status, const ReadBounds& bounds, Waited waited, Now asked,
                SteadyTime now) {
  if (bounds.only_if_cached) return false;
  if (waited == Waited::kStarted || waited == Waited::kJoined) {
    return WasSentFor(status, bounds, asked);
  }
  return waited == Waited::kNot && !bounds.IsExplicit() && WasJustRead(status, now);
}

Outcome OutcomeOfStale(const SourceStatus& status, const ReadBounds& bounds, Waited waited,
                       Now asked, SteadyTime now) {
  if (status.failure) return Outcome::kStaleOnError;
  if (IsAnswered(status, bounds, waited, asked, now)) return OutcomeOf(waited);
  const bool is_being_read =
      !bounds.only_if_cached && (waited == Waited::kNot || waited == Waited::kGaveUp);
  return is_being_read ? Outcome::kStaleRevalidating : Outcome::kHit;
}

void NoteOldAnswer(SourceView& view) {
  static const auto kOldAnswer = [] {
    auto failure = std::make_shared<SourceFailure>();
    failure->error = {ErrorKind::kFreshnessUnsatisfied,
                      "the source's newest answer is older than the request allows, as from a "
                      "cache on the way; allow a greater age, or see to that cache"};
    return std::shared_ptr<const SourceFailure>(std::move(failure));
  }();
  view.failure = kOldAnswer;
  view.retry_after = view.info->cache.min_refresh_interval;
}

}  // namespace

ObservedSince OldestAcceptable(const ReadBounds& bounds, Duration fresh_for, Now asked) {
  ObservedSince since = SinceNotBefore(bounds, asked);
  since.steady =
      std::max(since.steady, SaturatingSubtract(asked.steady, bounds.max_age.value_or(fresh_for)));
  return since;
}

Duration UntilNotBefore(const ReadBounds& bounds, WallTime now) {
  if (!bounds.not_before) return Duration::zero();
  return std::max(SaturatingDifference(*bounds.not_before, now), Duration::zero());
}

// What forbade them may be over by now: another login has reached the host, or somebody has set the
// clock.
bool StandsForAttempts(const SourceStatus& status, Now now) {
  if (!status.failure || now.steady >= status.failure->next_attempt) return false;
  if (!status.path || now.steady < status.failure->next_turn) return true;
  return status.path->Probe(now).is_forbidden;
}

ReadAction Decide(const SourceStatus& status, const ReadBounds& bounds, Now now) {
  if (IsAcceptable(status, bounds, now, now)) return ReadAction::kAnswer;
  if (bounds.only_if_cached) return ReadAction::kAnswer;
  if (bounds.IsExplicit()) return ReadAction::kWait;

  if (WasJustRead(status, now.steady)) return ReadAction::kAnswer;
  if (StandsForAttempts(status, now)) return ReadAction::kAnswer;
  if (IsShowableStale(status, bounds, now, now) && !status.is_rejected &&
      AgeOf(*status.reading, now) <=
          status.FreshFor() + status.info->cache.stale_while_revalidate) {
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
  view.is_outdated = status.IsOutdated();
  view.fresh_for = status.FreshFor();
  if (IsAcceptable(status, bounds, asked, now)) {
    view.reading = status.reading;
    view.meets_bounds = true;
    view.state =
        AgeOf(*status.reading, now) <= view.fresh_for ? SourceState::kFresh : SourceState::kStale;
    view.outcome = OutcomeOf(waited);
    return view;
  }
  const bool is_shown = IsShowableStale(status, bounds, asked, now);
  if (!status.failure && IsAnswered(status, bounds, waited, asked, now.steady)) {
    view.is_refreshed_in_vain = bounds.IsExplicit();
    if (bounds.IsExplicit() || !is_shown) NoteOldAnswer(view);
  }
  if (!is_shown) return view;
  view.reading = status.reading;
  view.state = SourceState::kStale;
  view.outcome = OutcomeOfStale(status, bounds, waited, asked, now.steady);
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
  const SteadyTime fresh_until = status.reading->observe_steady + status.FreshFor();
  if (now <= fresh_until && !status.IsOutdated()) return fresh_until;
  const SteadyTime shown_until =
      status.is_rejected ? fresh_until
                         : status.reading->observe_steady + status.LongestFresh() + cache.max_stale;
  return now <= shown_until ? shown_until : SteadyTime::max();
}

}  // namespace balance
