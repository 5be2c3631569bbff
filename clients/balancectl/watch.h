#pragma once

// Follows a stream of WatchAccountSnapshots across connections and restarts of the server.

#include <memory>
#include <string>

#include "clients/balancectl/args.h"
#include "clients/balancectl/run.h"
#include "proto/balance_v1_grpc.h"

namespace balance::ctl {

// Blocks until `surroundings.is_stopped`, the end of args.timeout, or a failure that calling again
// would not mend. Returns the exit status: that of the state known last, or kExitFailed.
int Watch(const Args& args, const Surroundings& surroundings, const std::string& token,
          v1::BalanceService::Stub& stub);

}  // namespace balance::ctl
