#include "service/observe/source_census.h"

#include <algorithm>
#include <chrono>

namespace balance {
namespace {

constexpr ReadBounds kCachedOnly{.only_if_cached = true};

void CountFleet(const FleetState& fleet, FleetCensus& census) {
  LeaseHolder holder = LeaseHolder::kNone;
  if (!fleet.lease_holder.empty()) {
    holder = fleet.is_held_here ? LeaseHolder::kThisReplica : LeaseHolder::kOtherReplica;
  }
  ++census.leases[static_cast<std::size_t>(holder)];
  census.budget_left += fleet.budget_left;
  census.budget_limit += fleet.budget_limit;
}

void CountPath(const PathState& path, SourceCensus& census) {
  ++census.breakers[static_cast<std::size_t>(path.breaker)];
  if (path.hold_off_until && !path.uses_previous_credential) ++census.held_off;
  if (path.blocked_until) ++census.blocked;
  if (path.uses_previous_credential) ++census.on_previous_credential;
  const Duration skew = path.clock_skew.value_or(Duration::zero());
  if (std::chrono::abs(skew) > std::chrono::abs(census.clock_skew)) census.clock_skew = skew;
  if (path.fleet) CountFleet(*path.fleet, census.fleet);
}

}  // namespace

SourceCensus CountSources(SourceKind kind, const std::vector<SourceStatus>& sources, Now now) {
  SourceCensus census;
  for (const SourceStatus& source : sources) {
    if (source.info->kind != kind) continue;
    const SourceView view = Show(source, kCachedOnly, Waited::kNot, now, now);
    ++census.in_state[static_cast<std::size_t>(view.state)];
    ++census.feeds[static_cast<std::size_t>(source.feed())];
    CountPath(source.path ? source.path->Probe(now) : PathState(), census);
    if (source.reading) {
      census.oldest_reading_age =
          std::max(census.oldest_reading_age, now.steady - source.reading->observe_steady);
    }
    if (!source.failure) continue;
    ++census.failing[static_cast<std::size_t>(source.failure->error.kind)];
    census.most_failures_in_a_row =
        std::max(census.most_failures_in_a_row, source.failure->consecutive_failures);
  }
  return census;
}

}  // namespace balance
