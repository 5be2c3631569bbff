#pragma once

// Whether services are to be called, as grpc.health.v1.Health tells clients and load balancers.

#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "grpc/health/v1/health.pb.h"

namespace balance {

// Thread-safe.
class HealthStates {
 public:
  using State = grpc::health::v1::HealthCheckResponse::ServingStatus;

  // Told of the state of one service.
  class Listener {
   public:
    virtual ~Listener() = default;
    // Called on any thread, with a lock held: must not call back.
    virtual void OnState(State state) = 0;
  };

  // The server as a whole is the service "".
  void Set(const std::string& service, bool serving);

  // No service serves from now on, whatever is set.
  void Withdraw();

  // SERVICE_UNKNOWN if there is none.
  State Get(const std::string& service) const;

  // Tells `listener` at once and then of each change, also of a service that is unknown yet.
  // `listener` must live until it is removed.
  void Add(const std::string& service, Listener& listener);
  void Remove(const std::string& service, Listener& listener);

 private:
  State StateOf(const std::string& service) const;
  void Tell(const std::string& service);

  mutable std::mutex mutex_;
  bool withdrawn_ = false;
  std::map<std::string, bool> serving_;
  std::map<std::string, std::set<Listener*>> listeners_;
};

}  // namespace balance
