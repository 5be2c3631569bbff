#include "service/observe/fleet_logger.h"

#include <spdlog/spdlog.h>

#include <chrono>
#include <utility>

namespace balance {
namespace {

constexpr Duration kFarApart = std::chrono::seconds(1);

std::string LeftOut(std::uint64_t lines) {
  return lines > 0 ? fmt::format("; {} lines like this were left out", lines) : "";
}

}  // namespace

FleetLogger::FleetLogger(FleetMonitor& next, const Clock& clock)
    : next_(next), clock_(clock), bad_values_(clock.SteadyNow()), links_(clock.SteadyNow()) {}

void FleetLogger::OnLinkState(const FleetLinkState& state) {
  LogLink(state);
  if (state.clock_offset) LogOffset(*state.clock_offset);
  next_.OnLinkState(state);
}

void FleetLogger::LogLink(const FleetLinkState& state) {
  if (state.is_connected) {
    reason_.clear();
    if (std::exchange(was_connected_, true)) return;
    if (const auto left_out = links_.Take(clock_.SteadyNow())) {
      spdlog::info("fleet: connected to Redis; upstream logins are shared with other replicas{}",
                   LeftOut(*left_out));
    }
    return;
  }
  const bool was_connected = std::exchange(was_connected_, false);
  if (state.reason.empty() || (!was_connected && state.reason == reason_)) return;
  reason_ = state.reason;
  LogAway(state.reason);
}

void FleetLogger::LogAway(const std::string& reason) {
  const auto left_out = links_.Take(clock_.SteadyNow());
  if (!left_out) return;
  spdlog::warn(
      "fleet: Redis is away, this replica reads by itself within its part of the reserve: {}{}",
      reason, LeftOut(*left_out));
}

void FleetLogger::LogOffset(Duration offset) {
  const bool is_far = std::chrono::abs(offset) >= kFarApart;
  if (is_far == std::exchange(is_offset_told_, is_far) || !is_far) return;
  spdlog::warn("fleet: Redis's clock is {:.1f} s from ours; all replicas go by Redis's: set both",
               std::chrono::duration<double>(offset).count());
}

void FleetLogger::OnBadValue(StoredValueFault fault) {
  if (const auto left_out = bad_values_.Take(clock_.SteadyNow())) {
    spdlog::error(
        "fleet: a value in Redis cannot be used ({}) and counts as missing: somebody else writes "
        "there, or replicas differ in sealing_key or release{}",
        kStoredValueFaultNames[static_cast<std::size_t>(fault)], LeftOut(*left_out));
  }
  next_.OnBadValue(fault);
}

void FleetLogger::OnOperation(FleetOperation operation, std::string_view outcome) {
  next_.OnOperation(operation, outcome);
}

}  // namespace balance
