#include "service/observe/fleet_metrics.h"

#include <chrono>
#include <span>
#include <string>

namespace balance {
namespace {

// Outcomes of an operation that has not failed.
std::span<const std::string_view> GoodOutcomesOf(FleetOperation operation) {
  switch (operation) {
    case FleetOperation::kAcquire:
      return kAcquireOutcomes;
    case FleetOperation::kStore:
      return kStoreOutcomes;
    case FleetOperation::kRelease:
    case FleetOperation::kRate:
      break;
  }
  return {&kOtherOutcome, 1};
}

}  // namespace

FleetMetrics::FleetMetrics(prometheus::Registry& registry, const std::vector<NamedKind>& kinds) {
  connected_ = &prometheus::BuildGauge()
                    .Name("balance_fleet_connected")
                    .Help("1 while Redis can be used and its messages come in, else 0.")
                    .Register(registry)
                    .Add({});
  clock_offset_ = &prometheus::BuildGauge()
                       .Name("balance_fleet_clock_offset_seconds")
                       .Help("Redis's clock minus this machine's; 0 while it is not known.")
                       .Register(registry)
                       .Add({});
  auto& bad = prometheus::BuildCounter()
                  .Name("balance_fleet_bad_values_total")
                  .Help("Values in Redis that could not be used, by reason. Each is a miss.")
                  .Register(registry);
  for (std::size_t fault = 0; fault < bad_values_.size(); ++fault) {
    bad_values_[fault] = &bad.Add({{"reason", std::string(kStoredValueFaultNames[fault])}});
  }
  auto& operations = prometheus::BuildCounter()
                         .Name("balance_fleet_operations_total")
                         .Help("Operations on Redis, by how they ended.")
                         .Register(registry);
  for (std::size_t i = 0; i < operations_.size(); ++i) {
    const auto add = [&](std::string_view outcome) {
      operations_[i][outcome] = &operations.Add(
          {{"operation", std::string(kFleetOperationNames[i])}, {"outcome", std::string(outcome)}});
    };
    for (const auto outcome : GoodOutcomesOf(static_cast<FleetOperation>(i))) add(outcome);
    for (const auto outcome : kRedisErrorNames) add(outcome);
  }
  auto& clock_set = prometheus::BuildCounter()
                        .Name("balance_fleet_clock_steps_total")
                        .Help(
                            "Times that Redis's clock was set by 100 ms or more, as each shard "
                            "finds it, by direction.")
                        .Register(registry);
  clock_set_ahead_ = &clock_set.Add({{"direction", "AHEAD"}});
  clock_set_back_ = &clock_set.Add({{"direction", "BACK"}});
  RegisterLogins(registry, kinds);
}

void FleetMetrics::RegisterLogins(prometheus::Registry& registry,
                                  const std::vector<NamedKind>& kinds) {
  auto& shared = prometheus::BuildCounter()
                     .Name("balance_fleet_shared_total")
                     .Help("Readings and failures of other replicas that were taken over.")
                     .Register(registry);
  auto& leases = prometheus::BuildGauge()
                     .Name("balance_fleet_sources_by_lease_holder")
                     .Help(
                         "Sources by who reads their upstream at present, as far as this replica "
                         "knows.")
                     .Register(registry);
  auto& budget = prometheus::BuildGauge()
                     .Name("balance_fleet_budget_requests")
                     .Help(
                         "Requests in the budgets that all replicas share, summed over sources: "
                         "those that may be sent at once, and those that are used up.")
                     .Register(registry);
  for (const NamedKind& kind : kinds) {
    KindSeries& series = kinds_[kind.kind];
    series.shared = &shared.Add({{"kind", kind.name}});
    for (std::size_t holder = 0; holder < kLeaseHolderNames.size(); ++holder) {
      series.leases[holder] =
          &leases.Add({{"kind", kind.name}, {"holder", std::string(kLeaseHolderNames[holder])}});
    }
    series.budget_left = &budget.Add({{"kind", kind.name}, {"state", "LEFT"}});
    series.budget_used = &budget.Add({{"kind", kind.name}, {"state", "USED"}});
  }
}

void FleetMetrics::SetLogins(SourceKind kind, const FleetCensus& census) {
  const KindSeries& series = kinds_.at(kind);
  for (std::size_t holder = 0; holder < kLeaseHolderNames.size(); ++holder) {
    series.leases[holder]->Set(census.leases[holder]);
  }
  series.budget_left->Set(census.budget_left);
  series.budget_used->Set(census.budget_limit - census.budget_left);
}

void FleetMetrics::OnLinkState(const FleetLinkState& state) {
  connected_->Set(state.is_connected ? 1 : 0);
  if (!state.clock_offset) return;
  clock_offset_->Set(std::chrono::duration<double>(*state.clock_offset).count());
}

void FleetMetrics::OnClockSet(Duration by) {
  (by < Duration::zero() ? clock_set_back_ : clock_set_ahead_)->Increment();
}

void FleetMetrics::OnBadValue(StoredValueFault fault) {
  bad_values_[static_cast<std::size_t>(fault)]->Increment();
}

void FleetMetrics::OnOperation(FleetOperation operation, std::string_view outcome) {
  const Outcomes& outcomes = operations_[static_cast<std::size_t>(operation)];
  if (const auto found = outcomes.find(outcome); found != outcomes.end()) {
    found->second->Increment();
  }
}

}  // namespace balance
