#pragma once

// PolySimulator's request limiter: fixed clock seconds and minutes, per key, by tier. Up to twice
// the limit may pass across a boundary, as with the venue's own.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "clients/core/clock.h"
#include "tests/sandbox/http_message.h"
#include "tests/sandbox/ledger.h"

namespace balance::sandbox {

// "free", "pro", "pro_plus", "enterprise".
std::string_view TierName(Tier tier);

struct TierLimits {
  int per_second;
  int per_minute;
  // Open WebSockets of a key.
  int sockets = 0;
};

// As of September 2026.
TierLimits LimitsOf(Tier tier);

struct LimitVerdict {
  bool allowed = true;
  // What the reply's rate headers say.
  int remaining_second = 0;
  int remaining_minute = 0;
  std::int64_t reset_epoch_seconds = 0;
  // Whole seconds to wait, at least 1; only if not allowed.
  int retry_after = 0;
};

// Used on the sandbox's loop only.
class PolysimulatorLimiter {
 public:
  // Counts a request of `key` at the server's time `now`. A refused one counts too, so that
  // hammering does not help.
  LimitVerdict Take(const std::string& key, TierLimits limits, WallTime now);

  // x-ratelimit-* and the same as x-polysim-ratelimit-*.
  static std::vector<Header> Headers(Tier tier, TierLimits limits, const LimitVerdict& verdict);

 private:
  struct Windows {
    std::int64_t second = 0;
    int in_second = 0;
    std::int64_t minute = 0;
    int in_minute = 0;
  };

  std::map<std::string, Windows> windows_;
};

}  // namespace balance::sandbox
