#pragma once

// The read algorithm of one source, as pure functions of what is known, what the caller allows and
// the time. Callable from any thread.

#include <chrono>
#include <optional>

#include "clients/core/clock.h"
#include "clients/core/observed_since.h"
#include "service/feed/source_status.h"

namespace balance {

// How new an answer must be; see ReadPolicy in balance_service.proto. Durations are not negative.
struct ReadBounds {
  // Unset: the source's TTL.
  std::optional<Duration> max_age = std::nullopt;
  // Unset: the source's ceiling.
  std::optional<Duration> max_stale = std::nullopt;
  bool only_if_cached = false;
  std::optional<WallTime> not_before = std::nullopt;

  bool IsExplicit() const { return max_age.has_value() || not_before.has_value(); }
};

// How new a reading must be for a call made at `asked`, if it is FRESH for `fresh_for`. Ages are
// measured on the steady clock, so a step of the wall clock alters none.
//
// `not_before` is compared with the wall time that was noted when the request was sent, which is
// the reading's observe_time: what a caller was shown is equal to itself. That is all while the
// wall clock is not set. If it was set between the two, the same moment has two names, and the
// reading must be new enough by both: by the clock as it was set then, and by the clock as it is
// set when the call is made. So a step never makes a reading newer than it is; at worst a reading
// from before the step is fetched again, or a time that the clock has not reached again is refused
// as one in the future. The second comparison goes by the steady clock and leaves kClockReadGap.
ObservedSince OldestAcceptable(const ReadBounds& bounds, Duration fresh_for, Now asked);

// The two clocks are read one after the other, so their distance seems to vary by the time in
// between. More than this is a step of the wall clock.
inline constexpr Duration kClockReadGap = std::chrono::milliseconds(100);

// How far ahead of the wall clock `not_before` may be. A call waits until then before its bounds
// are judged, so nothing that was observed or sent earlier serves it.
inline constexpr Duration kLongestNotBeforeWait = std::chrono::seconds(5);

// How long a call made `now` waits for its `not_before`; zero if that has passed.
Duration UntilNotBefore(const ReadBounds& bounds, WallTime now);

// Whether the latest failure stands for the attempts that may not be made yet: another one would be
// refused, as far as is known.
bool StandsForAttempts(const SourceStatus& status, Now now);

enum class ReadAction : std::uint8_t {
  // Answer from what is known.
  kAnswer,
  // Answer from what is known and start a refresh behind it.
  kAnswerAndRefresh,
  // Wait for a refresh whose request meets OldestAcceptable().
  kWait,
};

ReadAction Decide(const SourceStatus& status, const ReadBounds& bounds, Now now);

// How the refresh that a call waited for came about and ended.
enum class Waited : std::uint8_t {
  // The call did not wait.
  kNot,
  // It started the refresh, and the refresh ended, unsent or cut off if the feed was stopped.
  kStarted,
  // It joined a refresh that somebody else had started, and the refresh ended.
  kJoined,
  // The caller's time ended first; the refresh goes on.
  kGaveUp,
  // No refresh could be sent within the caller's time.
  kRefused,
};

// Rounded up to a whole millisecond. Callers are told delays in these, so that those who are
// answered together are told the same.
Duration ToMillisecond(Duration delay);

// What to show of a source: `now` is the time of the answer, `asked` that of the call.
SourceView Show(const SourceStatus& status, const ReadBounds& bounds, Waited waited, Now asked,
                Now now);

// How long a call without explicit bounds waits for a refresh while there is a stale reading that
// it may be shown instead.
inline constexpr Duration kStalePatience = std::chrono::milliseconds(1500);

// A source that the request's filter excludes.
SourceView ShowNotRequested(const SourceStatus& status);

// When Show(), for a reader who never fetches, next says something else on account of time alone;
// SteadyTime::max() if never.
SteadyTime NextStateChange(const SourceStatus& status, SteadyTime now);

}  // namespace balance
