#pragma once

// The messages and the stubs of balance.v1, to be included in place of balance_service.grpc.pb.h,
// for the reason that balance_v1.h gives.

#include "proto/balance_v1.h"  // IWYU pragma: export
// It includes the messages too, and must find them included.
#include "balance/v1/balance_service.grpc.pb.h"  // IWYU pragma: export
