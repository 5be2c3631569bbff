#pragma once

// The audit log: one line for each call that was refused because of who is calling.

#include "service/rpc/rpc_observer.h"

namespace balance {

// A decorator; `next` must outlive it. Thread-safe.
class AccessLog final : public RpcObserver {
 public:
  explicit AccessLog(RpcObserver& next) : next_(next) {}

  void OnStarted(RpcMethod method) override { next_.OnStarted(method); }
  void OnHandled(RpcMethod method, grpc::StatusCode code) override {
    next_.OnHandled(method, code);
  }
  void OnDenied(const AccessDenial& denial) override;

 private:
  RpcObserver& next_;
};

// The line itself: what callers wrote is quoted and cannot break it. Holds no token.
std::string ToLogLine(const AccessDenial& denial);

}  // namespace balance
