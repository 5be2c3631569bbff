#pragma once

// Whether services are to be called, as grpc.health.v1.Health tells clients and load balancers.

#include <map>
#include <memory>
#include <string>

#include "clients/core/mutex.h"
#include "clients/core/topic.h"
#include "grpc/health/v1/health.pb.h"
#include "service/transport/server_stream.h"

namespace balance {

// Thread-safe.
class HealthStates {
 public:
  using State = grpc::health::v1::HealthCheckResponse::ServingStatus;

  // The server as a whole is the service "".
  void Set(const std::string& service, bool serving);

  // No service serves from now on, whatever is set.
  void Withdraw();

  // SERVICE_UNKNOWN if there is no such service.
  State Get(const std::string& service) const;
  std::map<std::string, State> All() const;

  // Wakes `waker` at each change of the service's state from now on, also of one that is unknown
  // yet, until Remove() of the result. The waker lives until then.
  Subscribers::Place Add(const std::string& service, std::shared_ptr<StreamWaker> waker);
  void Remove(const std::string& service, Subscribers::Place place);

 private:
  State StateOf(const std::string& service) const BALANCE_REQUIRES(mutex_);
  void Tell(const std::string& service) const BALANCE_REQUIRES(mutex_);

  mutable Mutex mutex_;
  bool withdrawn_ BALANCE_GUARDED_BY(mutex_) = false;
  std::map<std::string, bool> serving_ BALANCE_GUARDED_BY(mutex_);
  // By service; no entry without any.
  std::map<std::string, Subscribers> watchers_ BALANCE_GUARDED_BY(mutex_);
};

}  // namespace balance
