#pragma once

// The read algorithm of one source, as pure functions of what is known, what the caller allows and
// the time. Callable from any thread.

#include <optional>

#include "clients/core/clock.h"
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

// The oldest observe time that a call made `now` accepts. Ages are measured on the steady clock, so
// a jump of the wall clock alters none.
SteadyTime OldestAcceptable(const ReadBounds& bounds, const CacheSettings& cache, Now now);

enum class ReadAction : std::uint8_t {
  // Answer from what is known.
  kAnswer,
  // Answer from what is known and start a refresh behind it.
  kAnswerAndRefresh,
  // Wait for a refresh that was, or will be, sent at or after OldestAcceptable().
  kWait,
};

ReadAction Decide(const SourceStatus& status, const ReadBounds& bounds, Now now);

// How the refresh that a call waited for came about and ended.
enum class Waited : std::uint8_t {
  // The call did not wait.
  kNot,
  // It started the refresh, and the refresh ended.
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
