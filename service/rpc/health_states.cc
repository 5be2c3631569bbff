#include "service/rpc/health_states.h"

namespace balance {

void HealthStates::Set(const std::string& service, bool serving) {
  const std::lock_guard lock(mutex_);
  if (withdrawn_) return;
  serving_[service] = serving;
  Tell(service);
}

void HealthStates::Withdraw() {
  const std::lock_guard lock(mutex_);
  withdrawn_ = true;
  for (auto& [service, serving] : serving_) {
    serving = false;
    Tell(service);
  }
}

HealthStates::State HealthStates::Get(const std::string& service) const {
  const std::lock_guard lock(mutex_);
  return StateOf(service);
}

void HealthStates::Add(const std::string& service, Listener& listener) {
  const std::lock_guard lock(mutex_);
  listeners_[service].insert(&listener);
  listener.OnState(StateOf(service));
}

void HealthStates::Remove(const std::string& service, Listener& listener) {
  const std::lock_guard lock(mutex_);
  const auto of_service = listeners_.find(service);
  if (of_service == listeners_.end()) return;
  of_service->second.erase(&listener);
  if (of_service->second.empty()) listeners_.erase(of_service);
}

HealthStates::State HealthStates::StateOf(const std::string& service) const {
  using Response = grpc::health::v1::HealthCheckResponse;
  const auto found = serving_.find(service);
  if (found == serving_.end()) return Response::SERVICE_UNKNOWN;
  return found->second ? Response::SERVING : Response::NOT_SERVING;
}

void HealthStates::Tell(const std::string& service) {
  const auto of_service = listeners_.find(service);
  if (of_service == listeners_.end()) return;
  for (Listener* listener : of_service->second) listener->OnState(StateOf(service));
}

}  // namespace balance
