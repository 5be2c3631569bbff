#pragma once

// What Check and Watch are asked.

#include <grpcpp/support/status.h>

#include "grpc/health/v1/health.pb.h"
#include "service/rpc/message_bytes.h"

namespace balance {

// In bytes, of the name of a service: those of watches are kept as long as a watch lives.
inline constexpr std::size_t kMaxHealthServiceName = 200;

// False if the bytes are no request, or name more than kMaxHealthServiceName.
bool ReadHealthRequest(const MessageBytes& bytes, grpc::health::v1::HealthCheckRequest& request);

// The answer then.
grpc::Status BadHealthRequest();

}  // namespace balance
