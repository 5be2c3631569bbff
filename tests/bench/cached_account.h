#pragma once

// One account of which every read is a hit, called without a server: the real handler with the real
// metrics, log and access rules.

#include <memory>
#include <string_view>

#include "clients/core/clock.h"
#include "service/observe/access_log.h"
#include "service/observe/metrics.h"
#include "service/rpc/balance_rpc.h"
#include "service/server/venues.h"

namespace balance::bench {

enum class Access {
  // Everybody may see everything.
  kOpen,
  // Callers are known by their tokens, and each call shows one.
  kByToken,
};

// Thread-safe. REQUIRES: sodium_init() has succeeded.
class CachedAccount {
 public:
  explicit CachedAccount(Access access);

  // Whether the handler answered at once with a snapshot.
  bool Answer(std::string_view request);

 private:
  const Access access_;
  const SystemClock clock_;
  const std::shared_ptr<AccountPublisher> publisher_ =
      std::make_shared<AccountPublisher>("desk-1", "1789000000000000000", clock_);
  Published<Served> serving_;
  Metrics metrics_{KindsOf(AllVenues())};
  AccessLog log_{metrics_, clock_};
  BalanceRpc rpc_{serving_, clock_, log_};
};

v1::GetAccountSnapshotRequest PlainRequest();
v1::GetAccountSnapshotRequest NamedRequest();
v1::GetAccountSnapshotRequest RequestWithMaxAge();

}  // namespace balance::bench
