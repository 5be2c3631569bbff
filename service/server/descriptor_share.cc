#include "service/server/descriptor_share.h"

#include <sys/resource.h>

#include <algorithm>

#include "service/server/admin_server.h"

namespace balance {
namespace {

constexpr std::uint64_t kShare = 4;
constexpr std::uint64_t kPushShare = 8;
// A socket takes some 50 KB.
constexpr std::uint64_t kMostPushSockets = 2048;
// Fewest connections: two hosts can still be read at a time.
constexpr std::uint64_t kFewest = 8;
constexpr std::uint64_t kFewestCallers = 16;
// Files, name look-ups, event loops.
constexpr std::uint64_t kOthers = 64;

}  // namespace

ConnectionLimits UpstreamShareOf(std::uint64_t descriptors) {
  ConnectionLimits limits;
  limits.total = std::min<std::uint64_t>(limits.total, std::max(kFewest, descriptors / kShare));
  return limits;
}

ConnectionLimits PushShareOf(std::uint64_t descriptors) {
  return {std::min(kMostPushSockets, std::max(kFewest, descriptors / kPushShare))};
}

std::size_t CallersShareOf(std::uint64_t descriptors) {
  const std::uint64_t taken = UpstreamShareOf(descriptors).total + PushShareOf(descriptors).total +
                              AdminServer::Limits{}.connections + kOthers;
  return std::max(kFewestCallers, descriptors > taken ? descriptors - taken : 0);
}

std::size_t CallersShare() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return kFewestCallers;
  return CallersShareOf(limit.rlim_cur);
}

ConnectionLimits UpstreamShare() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return {};
  return UpstreamShareOf(limit.rlim_cur);
}

ConnectionLimits PushShare() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return {kFewest};
  return PushShareOf(limit.rlim_cur);
}

}  // namespace balance
