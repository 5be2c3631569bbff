#include "service/transport/health_states.h"

#include <utility>

namespace balance {

void HealthStates::Set(const std::string& service, bool serving) {
  const MutexLock lock(mutex_);
  if (withdrawn_) return;
  serving_[service] = serving;
  Tell(service);
}

void HealthStates::Withdraw() {
  const MutexLock lock(mutex_);
  withdrawn_ = true;
  for (auto& [service, serving] : serving_) {
    serving = false;
    Tell(service);
  }
}

HealthStates::State HealthStates::Get(const std::string& service) const {
  const MutexLock lock(mutex_);
  return StateOf(service);
}

std::map<std::string, HealthStates::State> HealthStates::All() const {
  const MutexLock lock(mutex_);
  std::map<std::string, State> all;
  for (const auto& [service, serving] : serving_) all.emplace(service, StateOf(service));
  return all;
}

Subscribers::Place HealthStates::Add(const std::string& service,
                                     std::shared_ptr<StreamWaker> waker) {
  const MutexLock lock(mutex_);
  return watchers_[service].Add(std::move(waker), 0);
}

void HealthStates::Remove(const std::string& service, Subscribers::Place place) {
  const MutexLock lock(mutex_);
  const auto of_service = watchers_.find(service);
  if (of_service == watchers_.end()) return;
  of_service->second.Remove(place);
  if (of_service->second.empty()) watchers_.erase(of_service);
}

HealthStates::State HealthStates::StateOf(const std::string& service) const {
  using Response = grpc::health::v1::HealthCheckResponse;
  const auto found = serving_.find(service);
  if (found == serving_.end()) return Response::SERVICE_UNKNOWN;
  return found->second ? Response::SERVING : Response::NOT_SERVING;
}

void HealthStates::Tell(const std::string& service) const {
  const auto of_service = watchers_.find(service);
  if (of_service != watchers_.end()) of_service->second.Tell();
}

}  // namespace balance
