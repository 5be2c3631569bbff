#pragma once

// How a call ends: gRPC's status, as transports carry it.

#include <string>

#include "clients/core/status_code.h"

namespace balance {

struct CallStatus {
  StatusCode code = StatusCode::kOk;
  // One sentence for people; empty where the code is kOk.
  std::string message;
  // A serialised google.rpc.Status, sent as `grpc-status-details-bin`; empty: none.
  std::string details;

  bool ok() const { return code == StatusCode::kOk; }
};

}  // namespace balance
