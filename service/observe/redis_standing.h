#pragma once

// Whether Redis is of use, for those who watch: told more slowly than the breaker decides it.

#include <cstdint>
#include <string>
#include <string_view>

#include "clients/core/clock.h"
#include "clients/redis/redis_health.h"
#include "service/observe/fleet_monitor.h"

namespace balance {

// The breaker closes with each good probe, also at a Redis that refuses or delays all but probes.
// Once it has opened, Redis therefore counts as away until an operation has gone well, or none has
// failed for the breaker's window. It has to be an Acquire(), or what failed last; while Redis
// takes no writes, only one that writes says so much.
//
// A decorator; `next` and `clock` must outlive it. Used on the shard's thread.
class RedisStanding final : public FleetMonitor {
 public:
  RedisStanding(FleetMonitor& next, const Clock& clock) : next_(next), clock_(clock) {}
  RedisStanding(const RedisStanding&) = delete;
  RedisStanding& operator=(const RedisStanding&) = delete;
  ~RedisStanding() override = default;

  // Whether Redis is of use now. To be asked a few times a second.
  bool IsOfUse(const RedisHealth& health);
  // Why it is not, as of the latest IsOfUse(), in a sentence for people. Empty: it is, or nothing
  // has failed yet.
  const std::string& reason() const { return reason_; }

  void OnLinkState(const FleetLinkState& state) override { next_.OnLinkState(state); }
  void OnBadValue(StoredValueFault fault) override { next_.OnBadValue(fault); }
  void OnClockSet(Duration by) override { next_.OnClockSet(by); }
  void OnOperation(FleetOperation operation, std::string_view outcome) override;

 private:
  FleetMonitor& next_;
  const Clock& clock_;
  std::string reason_;
  // Number of times that the breaker had opened.
  std::uint64_t times_opened_ = 0;
  // Whether the breaker has opened, and nothing has shown since that Redis is of use.
  bool is_doubted_ = false;
  // Whether the latest operation that failed was a write that Redis does not take, and whether one
  // has shown since that this is over.
  bool was_refused_ = false;
  bool has_worked_ = false;
  // The operation that failed last, and when.
  FleetOperation failed_ = FleetOperation::kAcquire;
  SteadyTime failed_at_ = SteadyTime::min();
};

}  // namespace balance
