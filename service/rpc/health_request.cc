#include "service/rpc/health_request.h"

#include <string>

namespace balance {

bool ReadHealthRequest(const MessageBytes& bytes, grpc::health::v1::HealthCheckRequest& request) {
  return ParseBytes(bytes, request) && request.service().size() <= kMaxHealthServiceName;
}

grpc::Status BadHealthRequest() {
  return {grpc::StatusCode::INVALID_ARGUMENT,
          "the request is not a HealthCheckRequest whose service has at most " +
              std::to_string(kMaxHealthServiceName) + " bytes"};
}

}  // namespace balance
