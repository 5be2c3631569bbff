#include "clients/resilience/login_breaker.h"

#include <algorithm>

namespace balance {
namespace {

// How long after now it is worth asking again while a probe is under way.
constexpr Duration kProbePatience = std::chrono::seconds(1);

}  // namespace

LoginBreaker::Permit::~Permit() {
  if (login_ != nullptr && probes_host_) login_->host_->EndProbe();
}

void LoginBreaker::Permit::Succeeded(SteadyTime now) {
  own_.Succeeded(now);
  login_->host_->OnAnswer(begun_, now);
}

void LoginBreaker::Permit::Failed(Now now, const Error& error) {
  own_.Failed(now.steady, error);
  HostBreaker& host = *login_->host_;
  if (error.is_connect_failure) {
    login_->met_ = host.trouble_.load();
    host.OnNoConnection(probes_host_, now, error);
  } else if (error.kind != ErrorKind::kUnreachable ||
             (probes_host_ && !error.may_be_configuration)) {
    // A probe goes over a new connection: it was made, even if no answer came over it.
    host.OnAnswer(begun_, now.steady);
  }
}

LoginBreaker::LoginBreaker(std::shared_ptr<HostBreaker> host, Random random)
    : host_(std::move(host)), own_(std::move(random)) {
  host_->logins_.insert(this);
}

LoginBreaker::~LoginBreaker() {
  LeaveQueue();
  host_->logins_.erase(this);
}

std::optional<LoginBreaker::Permit> LoginBreaker::Admit(SteadyTime now) {
  if (own_.Because(now)) return std::nullopt;
  if (BecauseOfHost(now)) {
    TakePlace(now);
    return std::nullopt;
  }
  const bool probes_host = host_->is_down_ && HasMetHostsTrouble();
  if (probes_host) host_->BeginProbe(*this, now);
  return std::make_optional<Permit>(*this, *own_.Admit(now), probes_host, now);
}

std::shared_ptr<const Error> LoginBreaker::Because(SteadyTime now) const {
  auto because = own_.Because(now);
  return because ? because : BecauseOfHost(now);
}

SteadyTime LoginBreaker::Until(SteadyTime now) const {
  SteadyTime until = now;
  if (own_.Because(now)) until = own_.Until() > now ? own_.Until() : now + kProbePatience;
  if (BecauseOfHost(now)) until = std::max(until, host_->Until(now));
  return until;
}

BreakerState LoginBreaker::State(SteadyTime now) const {
  BreakerState host = BreakerState::kClosed;
  if (host_->shared_is_down_ && HasMetHostsTrouble()) {
    host = host_->shared_until_.After(now) ? BreakerState::kOpen : BreakerState::kHalfOpen;
  }
  const BreakerState own = own_.State(now);
  if (own == BreakerState::kOpen || host == BreakerState::kClosed) return own;
  return host;
}

bool LoginBreaker::Forbids(SteadyTime now) const {
  switch (State(now)) {
    case BreakerState::kClosed:
      return false;
    case BreakerState::kOpen:
      return true;
    case BreakerState::kHalfOpen:
      return own_.IsProbing() || host_->shared_is_probing_;
  }
  return false;
}

std::shared_ptr<const Error> LoginBreaker::BecauseOfHost(SteadyTime now) const {
  if (!host_->is_down_ || !HasMetHostsTrouble()) return nullptr;
  return host_->Because(*this, now);
}

void LoginBreaker::TakePlace(SteadyTime now) {
  if (place_) {
    (*place_)->asked = now;
  } else {
    host_->ForgetUninterested(now);
    place_ = host_->queue_.insert(host_->queue_.end(), {this, now});
  }
}

void LoginBreaker::LeaveQueue() {
  if (place_) host_->queue_.erase(*std::exchange(place_, std::nullopt));
}

}  // namespace balance
