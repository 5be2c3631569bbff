#pragma once

// Who is told how this replica gets on with Redis, through which it shares logins with others.

#include <optional>
#include <string>

#include "clients/core/clock.h"
#include "clients/redis/redis_fleet_store.h"

namespace balance {

// How things stand.
struct FleetLinkState {
  // Whether operations can be tried and messages come in.
  bool is_connected = false;
  // Why they cannot, in a sentence for people. Empty: connected, or nothing has failed yet.
  std::string reason;
  // Redis's clock less this machine's wall clock. Unset: not known.
  std::optional<Duration> clock_offset;
};

// Told on the shard's thread; must not block.
class FleetMonitor : public FleetObserver {
 public:
  // Told a few times a second.
  virtual void OnLinkState(const FleetLinkState& /*state*/) {}
};

}  // namespace balance
