#pragma once

// Logs when Redis comes to be of use and when it ceases to be, a value in it that cannot be used,
// clocks that are apart, and one that was set. What repeats itself is left out: see LineBudget.

#include <cstdint>
#include <string>

#include "clients/core/clock.h"
#include "service/observe/fleet_monitor.h"
#include "service/observe/line_budget.h"

namespace balance {

// A decorator; `next` must outlive it. Called on the shard's thread.
class FleetLogger final : public FleetMonitor {
 public:
  // `clock` must outlive it too.
  FleetLogger(FleetMonitor& next, const Clock& clock);
  FleetLogger(const FleetLogger&) = delete;
  FleetLogger& operator=(const FleetLogger&) = delete;
  ~FleetLogger() override = default;

  void OnLinkState(const FleetLinkState& state) override;
  void OnBadValue(StoredValueFault fault) override;
  void OnOperation(FleetOperation operation, std::string_view outcome) override;
  void OnClockSet(Duration by) override;

 private:
  void LogLink(const FleetLinkState& state);
  void LogAway(const std::string& reason);
  void LogOffset(Duration offset);

  FleetMonitor& next_;
  const Clock& clock_;
  LineBudget bad_values_;
  LineBudget links_;
  LineBudget clock_steps_;
  bool was_connected_ = false;
  // Why Redis is away, as the latest line about that says.
  std::string reason_;
  bool is_offset_told_ = false;
};

}  // namespace balance
