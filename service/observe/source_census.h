#pragma once

// How the sources of one kind are doing, in numbers.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "clients/core/error.h"
#include "clients/core/path_state.h"
#include "service/feed/read_policy.h"
#include "service/feed/source_status.h"

namespace balance {

// FRESH, STALE, NO_DATA, in the order of SourceState.
inline constexpr std::size_t kShownStateCount = 3;

// Who reads the upstream of a login that replicas share, as far as this one knows.
enum class LeaseHolder : std::uint8_t { kNone, kThisReplica, kOtherReplica };

// Name of each of them for metrics, indexed by it.
inline constexpr std::array<std::string_view, 3> kLeaseHolderNames = {"NONE", "THIS_REPLICA",
                                                                      "OTHER_REPLICA"};

// Of sources whose logins replicas share.
struct FleetCensus {
  // By LeaseHolder.
  std::array<int, kLeaseHolderNames.size()> leases{};
  // Number of requests that the budgets of all replicas would allow at once, and of those that they
  // would if they were whole.
  int budget_left = 0;
  int budget_limit = 0;
};

struct SourceCensus {
  // As a cached read shows them.
  std::array<int, kShownStateCount> in_state{};
  std::array<int, kFeedStateCount> feeds{};
  // Whose latest refresh failed, by ErrorKind.
  std::array<int, kErrorKindCount> failing{};
  std::array<int, kBreakerStateCount> breakers{};
  // Number of sources that are not asked because of a hold-off; one that the credential before
  // serves is asked.
  int held_off = 0;
  int blocked = 0;
  // Whose new credential is rejected while the one before serves.
  int on_previous_credential = 0;
  // Of the upstream whose clock is furthest from ours: its minus ours.
  Duration clock_skew{};
  // Of those ever read.
  Duration oldest_reading_age{};
  int most_failures_in_a_row = 0;
  FleetCensus fleet;
};

// Pure.
SourceCensus CountSources(SourceKind kind, const std::vector<SourceStatus>& sources, Now now);

}  // namespace balance
