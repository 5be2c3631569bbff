#pragma once

// Whether a peer asks too often if the server is still there.

#include <optional>

#include "clients/core/clock.h"
#include "service/transport/transport_limits.h"

namespace balance {

// Each PING that comes too early after the one before is a strike, as in gRPC (doc/keepalive.md).
// A value type.
class PingStrikes {
 public:
  // `limits` must outlive it.
  explicit PingStrikes(const TransportLimits& limits) : limits_(limits) {}

  // The peer has sent a PING. Returns false if it has more strikes by now than it may have.
  bool OnPing(SteadyTime now) {
    const bool is_early = last_ && now < *last_ + limits_.peer_ping_interval;
    last_ = now;
    if (is_early && strikes_ <= limits_.ping_strikes) ++strikes_;
    return !is_early || strikes_ <= limits_.ping_strikes;
  }

  // A call is under way: whoever has one may ask, and all strikes are forgiven.
  void OnTraffic() {
    strikes_ = 0;
    last_.reset();
  }

 private:
  const TransportLimits& limits_;
  int strikes_ = 0;
  // When the latest PING came; unset: none has since the latest traffic.
  std::optional<SteadyTime> last_;
};

}  // namespace balance
