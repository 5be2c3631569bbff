#include "service/observe/fleet_logger.h"

#include <spdlog/fmt/fmt.h>

#include <chrono>
#include <cmath>
#include <utility>

#include "service/observe/log_event.h"

namespace balance {
namespace {

constexpr Duration kFarApart = std::chrono::seconds(1);

std::string LeftOut(std::uint64_t lines) {
  return lines > 0 ? fmt::format("; {} lines like this were left out", lines) : "";
}

}  // namespace

FleetLogger::FleetLogger(FleetMonitor& next, const Clock& clock)
    : next_(next),
      clock_(clock),
      bad_values_(clock.SteadyNow()),
      links_(clock.SteadyNow()),
      clock_steps_(clock.SteadyNow()) {}

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
      Log(LogEvent::kFleetConnected,
          fmt::format("fleet: connected to Redis; upstream logins are shared with other replicas{}",
                      LeftOut(*left_out)));
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
  Log(LogEvent::kFleetAway,
      fmt::format(
          "fleet: Redis is away, this replica reads by itself within its part of the reserve: {}{}",
          reason, LeftOut(*left_out)),
      {{"reason", reason}});
}

void FleetLogger::LogOffset(Duration offset) {
  const bool is_far = std::chrono::abs(offset) >= kFarApart;
  if (is_far == std::exchange(is_offset_told_, is_far) || !is_far) return;
  const double seconds = std::chrono::duration<double>(offset).count();
  Log(LogEvent::kFleetClockOffset,
      fmt::format(
          "fleet: Redis's clock is {:.1f} s from ours; all replicas go by Redis's: set both",
          seconds),
      {{"seconds", seconds}});
}

void FleetLogger::OnBadValue(StoredValueFault fault) {
  if (const auto left_out = bad_values_.Take(clock_.SteadyNow())) {
    const std::string_view what = kStoredValueFaultNames[static_cast<std::size_t>(fault)];
    Log(LogEvent::kFleetBadValue,
        fmt::format("fleet: a value in Redis cannot be used ({}) and counts as missing: somebody "
                    "else writes there, or replicas differ in sealing_key{}",
                    what, LeftOut(*left_out)),
        {{"fault", what}});
  }
  next_.OnBadValue(fault);
}

void FleetLogger::OnClockSet(Duration by) {
  if (const auto left_out = clock_steps_.Take(clock_.SteadyNow())) {
    const double seconds = std::chrono::duration<double>(by).count();
    Log(LogEvent::kFleetClockSet,
        fmt::format("fleet: Redis's clock was set {} by {:.1f} s or more{}{}",
                    seconds < 0 ? "back" : "ahead", std::abs(seconds),
                    seconds < 0 ? ": what lies there counts as missing until it has caught up" : "",
                    LeftOut(*left_out)),
        {{"seconds", seconds}});
  }
  next_.OnClockSet(by);
}

void FleetLogger::OnOperation(FleetOperation operation, std::string_view outcome) {
  next_.OnOperation(operation, outcome);
}

}  // namespace balance
