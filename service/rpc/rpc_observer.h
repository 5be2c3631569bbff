#pragma once

// Told of each call of the API. Implementations count and log.

#include "clients/core/clock.h"
#include "clients/core/status_code.h"
#include "service/access/access_denial.h"
#include "service/access/rpc_method.h"

namespace balance {

// Called from any thread; must neither block nor lock for long.
class RpcObserver {
 public:
  virtual ~RpcObserver() = default;

  virtual void OnStarted(RpcMethod method) = 0;
  // `took`: from when the request had come until it was answered.
  virtual void OnHandled(RpcMethod method, StatusCode code, Duration took) = 0;
  // A call was refused because of who is calling; OnHandled() follows.
  virtual void OnDenied(const AccessDenial& denial) = 0;
};

}  // namespace balance
