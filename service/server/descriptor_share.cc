#include "service/server/descriptor_share.h"

#include <sys/resource.h>

#include <algorithm>

namespace balance {
namespace {

constexpr std::uint64_t kShare = 4;
// Fewest connections: two hosts can still be read at a time.
constexpr std::uint64_t kFewest = 8;

}  // namespace

ConnectionLimits UpstreamShareOf(std::uint64_t descriptors) {
  ConnectionLimits limits;
  limits.total = std::min<std::uint64_t>(limits.total, std::max(kFewest, descriptors / kShare));
  return limits;
}

ConnectionLimits UpstreamShare() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return {};
  return UpstreamShareOf(limit.rlim_cur);
}

}  // namespace balance
