#pragma once

// What is known of a source, as immutable values: made on the source's shard, read on any thread.

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "clients/core/error.h"
#include "clients/core/observed_since.h"
#include "clients/core/path_state.h"
#include "clients/core/reading.h"
#include "clients/core/source_info.h"

namespace balance {

// Why there is no newer reading.
struct SourceFailure {
  // Without `retry_after`, which would not count down: see `next_attempt`.
  Error error;
  // When the present run of failures began. Unset if no attempt has ended yet.
  std::optional<WallTime> first_failure_time;
  // The earliest time of the next attempt, on both clocks; it also needs a caller.
  std::optional<WallTime> next_attempt_time;
  SteadyTime next_attempt = SteadyTime::min();
  // The same, were it for the refresh interval and the rate budget alone: what else forbids an
  // attempt may end early, see SourceStatus::path.
  SteadyTime next_turn = SteadyTime::min();
  // Failed refreshes in a row.
  int consecutive_failures = 0;
};

// Every source has totals in this currency, whatever it reports.
inline constexpr std::string_view kAlwaysPresentCurrency = "USD";

// How new readings come about; the words are those of balance.v1.
enum class FeedState : std::uint8_t { kPoll, kPush, kPushDown };

inline constexpr int kFeedStateCount = static_cast<int>(FeedState::kPushDown) + 1;

// A copy is a few pointers.
struct SourceStatus {
  std::shared_ptr<const SourceInfo> info;
  // The newest reading, however old. Null: never read.
  std::shared_ptr<const Reading> reading;
  // Null: the latest attempt succeeded, or there was none.
  std::shared_ptr<const SourceFailure> failure;
  // Since the reading was accepted there was a failure that does not heal by itself: the reading is
  // not shown past its TTL, whatever other failures follow.
  bool is_rejected = false;
  // The source has had another login since the reading, maybe one of another account at the
  // upstream: the reading may be shown, but never as FRESH.
  bool is_of_other_login = false;
  // When the venue said that figures may have changed, while nobody wanted to know or nobody could
  // be asked. Unset: it did not.
  std::optional<SteadyTime> hinted_at;
  // The venue tells of changes, and has told of none since then. Unset: it does not tell of any.
  std::optional<SteadyTime> quiet_since;
  // When the latest attempt was sent. Unset: there was none.
  std::optional<SteadyTime> last_attempt;
  // Every currency beside kAlwaysPresentCurrency that the source has ever reported. Null: none.
  std::shared_ptr<const std::set<std::string>> currencies;
  // From when on a reader makes it worth refreshing although the reading is still FRESH.
  SteadyTime early_refresh_at = SteadyTime::max();
  // The state of the way to the upstream. Null where nothing stands between.
  std::shared_ptr<const PathProbe> path;

  FeedState feed() const {
    if (!info->push.enabled) return FeedState::kPoll;
    return quiet_since ? FeedState::kPush : FeedState::kPushDown;
  }
  // How long the reading is FRESH: while the venue would have told of a change, and has not, it
  // need not be polled for longer than the TTL. What is read sooner than half a TTL after the venue
  // has told of a change is read once more: what answers requests may lag behind what tells.
  Duration FreshFor() const {
    const bool is_quiet = quiet_since && reading && !is_rejected &&
                          reading->observe_steady >= *quiet_since + info->cache.ttl / 2;
    return is_quiet ? LongestFresh() : info->cache.ttl;
  }
  // As SourceInfo::LongestFresh() says.
  Duration LongestFresh() const { return info->LongestFresh(); }

  // Whether there is reason to believe that the reading is no longer true: it may be shown, but
  // never as FRESH.
  bool IsOutdated() const {
    return is_of_other_login || (hinted_at && reading && reading->observe_steady < *hinted_at);
  }
  // What a reading must meet for IsOutdated() to be false of it. Whatever a reader accepts, a
  // reading from before would be shown as STALE.
  ObservedSince NotOutdatedSince() const {
    ObservedSince since{.steady = hinted_at.value_or(SteadyTime::min())};
    if (is_of_other_login && reading) {
      since.steady = std::max(since.steady, reading->observe_steady + Duration(1));
    }
    return since;
  }
  // Whether nothing was asked since IsOutdated() came to be true.
  bool IsOutdatedSinceAttempt() const {
    return is_of_other_login || (hinted_at && last_attempt && *last_attempt < *hinted_at);
  }
};

enum class SourceState : std::uint8_t { kFresh, kStale, kNoData, kNotRequested };

enum class Outcome : std::uint8_t {
  kHit,
  kFetched,
  kJoined,
  kStaleRevalidating,
  kStaleOnError,
};

// What one answer says of one source. The words are those of balance_service.proto.
struct SourceView {
  std::shared_ptr<const SourceInfo> info;
  SourceState state = SourceState::kNoData;
  Outcome outcome = Outcome::kHit;
  // Set exactly when the state is kFresh or kStale.
  std::shared_ptr<const Reading> reading;
  std::shared_ptr<const SourceFailure> failure;
  // How long after the answer another try may help. Unset: it would not, or there is no failure.
  std::optional<Duration> retry_after;
  // As SourceStatus::IsOutdated() says.
  bool is_outdated = false;
  // As SourceStatus::FreshFor() says.
  Duration fresh_for{};
  // Whether the reading is as new as the request asks for.
  bool meets_bounds = false;
  // The refresh that the call waited for has succeeded, and there is still no reading that is as
  // new as the request asks for: a cache on the way gave an old one.
  bool is_refreshed_in_vain = false;
  // Every currency beside kAlwaysPresentCurrency that the source has ever reported. Null: none.
  std::shared_ptr<const std::set<std::string>> currencies;

  // Whether both are made of the same values, not of equal ones: then they say the same.
  bool operator==(const SourceView&) const = default;
};

}  // namespace balance
