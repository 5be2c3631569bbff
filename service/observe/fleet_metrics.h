#pragma once

// What the service counts of the sharing of logins with other replicas.

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>

#include <array>
#include <map>
#include <string_view>
#include <vector>

#include "clients/core/source_info.h"
#include "service/observe/fleet_monitor.h"
#include "service/observe/source_census.h"

namespace balance {

// Thread-safe. Every series is resolved once, in the constructor.
class FleetMetrics final : public FleetMonitor {
 public:
  // `registry` must outlive it. `kinds` are those of all sources there can be.
  FleetMetrics(prometheus::Registry& registry, const std::vector<NamedKind>& kinds);
  FleetMetrics(const FleetMetrics&) = delete;
  FleetMetrics& operator=(const FleetMetrics&) = delete;
  ~FleetMetrics() override = default;

  void OnLinkState(const FleetLinkState& state) override;
  void OnBadValue(StoredValueFault fault) override;
  void OnOperation(FleetOperation operation, std::string_view outcome) override;
  void OnClockSet(Duration by) override;
  // What another replica read was taken over.
  void OnShared(SourceKind kind) { kinds_.at(kind).shared->Increment(); }
  // How the logins of the kind are shared.
  void SetLogins(SourceKind kind, const FleetCensus& census);

 private:
  using Outcomes = std::map<std::string_view, prometheus::Counter*>;
  struct KindSeries {
    prometheus::Counter* shared = nullptr;
    std::array<prometheus::Gauge*, kLeaseHolderNames.size()> leases{};
    prometheus::Gauge* budget_left = nullptr;
    prometheus::Gauge* budget_used = nullptr;
  };

  void RegisterLogins(prometheus::Registry& registry, const std::vector<NamedKind>& kinds);

  prometheus::Gauge* connected_ = nullptr;
  prometheus::Gauge* clock_offset_ = nullptr;
  std::array<prometheus::Counter*, kStoredValueFaultCount> bad_values_{};
  std::array<Outcomes, kFleetOperationNames.size()> operations_;
  prometheus::Counter* clock_set_ahead_ = nullptr;
  prometheus::Counter* clock_set_back_ = nullptr;
  // Never gets another entry.
  std::map<SourceKind, KindSeries> kinds_;
};

}  // namespace balance
