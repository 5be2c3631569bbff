#pragma once

// grpc.health.v1.Health: Check, List and Watch.

#include "service/transport/health_states.h"
#include "service/transport/method_table.h"

namespace balance {

// The longest name of a service that a request may hold: a watch keeps it as long as it lives.
inline constexpr std::size_t kMaxHealthServiceName = 200;

// Adds the methods. `states` must outlive the calls. Anybody who can connect may call them: load
// balancers and probes have no identity.
void AddHealthService(MethodTable& methods, HealthStates& states);

}  // namespace balance
