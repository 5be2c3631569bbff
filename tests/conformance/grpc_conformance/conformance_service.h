#pragma once

// The service that connectrpc.com/conformance calls: each request says how it is to be answered.

#include "clients/core/clock.h"
#include "service/transport/method_table.h"
#include "tests/conformance/grpc_conformance/delay_thread.h"

namespace balance {

// Both must outlive the table.
void AddConformanceService(MethodTable& methods, const Clock& clock, DelayThread& delays);

}  // namespace balance
