#include "tests/soak/request_watch.h"

#include <algorithm>

namespace balance {

void RequestWatch::Look(sandbox::Sandbox& upstreams) {
  for (const sandbox::Side side : sandbox::kSides) {
    WallTime& seen_until = seen_until_[static_cast<int>(side)];
    for (const sandbox::RequestRecord& request : upstreams.Counters(side).last_requests) {
      if (request.time <= seen_until) continue;
      seen_until = request.time;
      Asked& asked = by_key_[request.key];
      if (asked.requests++ == 0) {
        asked.first = request.time;
      } else {
        asked.longest_gap = std::max<Duration>(asked.longest_gap, request.time - asked.last);
      }
      asked.last = request.time;
    }
  }
}

}  // namespace balance
