#pragma once

// The leave of this replica to send one request for all of them, as long as it is held here.

#include <memory>
#include <optional>

#include "clients/core/loop_executor.h"
#include "clients/redis/fleet_store.h"
#include "clients/redis/login_names.h"
#include "clients/resilience/fleet_login.h"

namespace balance {

// Gives a grant back when it ends, however the fetch ends that it was for, unless it was used up:
// a lease that is lost keeps the other replicas waiting until its time is over.
class FleetLease {
 public:
  // `login` hears that this replica holds it no more.
  FleetLease(LoopExecutor executor, std::shared_ptr<FleetStore> store,
             std::shared_ptr<FleetLogin> login, std::shared_ptr<const LoginNames> names,
             Granted grant);
  FleetLease(const FleetLease&) = delete;
  FleetLease& operator=(const FleetLease&) = delete;
  ~FleetLease();

  // REQUIRES: it is not used up.
  const Granted& grant() const { return *grant_; }
  // For FleetStore::Store(), which ends the lease too. REQUIRES: it is not used up.
  Granted UseUp();

 private:
  const LoopExecutor executor_;
  const std::shared_ptr<FleetStore> store_;
  const std::shared_ptr<FleetLogin> login_;
  const std::shared_ptr<const LoginNames> names_;
  std::optional<Granted> grant_;
};

}  // namespace balance
