#include "clients/redis/fleet_lease.h"

#include <utility>

#include "clients/redis/unawaited.h"

namespace balance {

FleetLease::FleetLease(LoopExecutor executor, std::shared_ptr<FleetStore> store,
                       std::shared_ptr<FleetLogin> login, std::shared_ptr<const LoginNames> names,
                       Granted grant)
    : executor_(std::move(executor)),
      store_(std::move(store)),
      login_(std::move(login)),
      names_(std::move(names)),
      grant_(std::move(grant)) {}

FleetLease::~FleetLease() {
  if (grant_) RunUnawaited(executor_, store_, store_->Release(*names_, *std::move(grant_)));
  login_->ClearHolder();
}

Granted FleetLease::UseUp() { return *std::exchange(grant_, std::nullopt); }

}  // namespace balance
