#pragma once

// The state of the way to an upstream, for those who watch it.

#include <cstdint>
#include <optional>
#include <string>

#include "clients/core/clock.h"

namespace balance {

enum class BreakerState : std::uint8_t { kClosed, kOpen, kHalfOpen };

inline constexpr int kBreakerStateCount = static_cast<int>(BreakerState::kHalfOpen) + 1;

// How a login is shared with other replicas, as far as this one knows.
struct FleetState {
  // True if the store that the replicas share can be used now.
  bool is_connected = false;
  // Opaque name of the replica that reads the upstream at present; empty: none.
  std::string lease_holder;
  // That replica is this one.
  bool is_held_here = false;
  // Number of requests that the budget of all replicas would allow at once, and would if it were
  // whole.
  int budget_left = 0;
  int budget_limit = 0;
};

struct PathState {
  // State of the login's breaker or of the host's, whichever is stricter.
  BreakerState breaker = BreakerState::kClosed;
  // The credential or the time of a request was rejected, or there is no account: no request with
  // this credential before this. Unset: no hold-off.
  std::optional<SteadyTime> hold_off_until;
  // The upstream asked for a pause: no request before this. Unset: none.
  std::optional<SteadyTime> blocked_until;
  // The upstream's wall clock minus ours. Unset: not known.
  std::optional<Duration> clock_skew;
  // The credential was replaced, the upstream rejects the new one, and the one before serves on.
  bool uses_previous_credential = false;
  // Whether one of these forbids requests now.
  bool is_forbidden = false;
  // When the credential's whole burst may go at once again, if nobody sends anything until then.
  // Unset: it may now.
  std::optional<SteadyTime> budget_full_at = std::nullopt;
  // Unset: the login is not shared.
  std::optional<FleetState> fleet = std::nullopt;
};

// Thread-safe.
class PathProbe {
 public:
  virtual ~PathProbe() = default;
  virtual PathState Probe(Now now) const = 0;
};

}  // namespace balance
