#pragma once

// What stands between a source and its upstream.

#include <algorithm>
#include <memory>

#include "clients/core/path_state.h"
#include "clients/resilience/clock_skew.h"
#include "clients/resilience/connection_slots.h"
#include "clients/resilience/fleet_login.h"
#include "clients/resilience/hold_off.h"
#include "clients/resilience/host_breaker.h"
#include "clients/resilience/login_breaker.h"
#include "clients/resilience/pacer.h"
#include "clients/resilience/retry_budget.h"
#include "clients/resilience/rotating_source.h"

namespace balance {

// Shared by all sources with one credential.
struct CredentialGuards {
  std::shared_ptr<Pacer> pacer;
  // By those with the same secret, too: what the upstream says of one tells nothing about another.
  std::shared_ptr<HoldOff> hold_off;
};

// Shared by all sources with one login: one credential, secret included, at one address.
struct LoginGuards {
  std::shared_ptr<LoginBreaker> breaker;
  std::shared_ptr<RetryBudget> retries;
};

// Shared by all sources at one host and port.
struct HostGuards {
  std::shared_ptr<HostBreaker> breaker;
  std::shared_ptr<ClockSkew> clock_skew;
  // Slots of the host's connections; null: there is always a connection.
  std::shared_ptr<HostSlots> slots = nullptr;
};

struct SourceGuards {
  CredentialGuards credential;
  LoginGuards login;
  HostGuards host;
};

// Thread-safe.
class UpstreamPath final : public PathProbe {
 public:
  // `account` is the hold-off of the source alone, which may be null. `rotation` is null where no
  // credential is being replaced, `fleet` where the login is not shared with other replicas.
  explicit UpstreamPath(SourceGuards guards, std::shared_ptr<const HoldOff> account = nullptr,
                        std::shared_ptr<const Rotation> rotation = nullptr,
                        std::shared_ptr<const FleetLogin> fleet = nullptr)
      : credential_(std::move(guards.credential)),
        breaker_(std::move(guards.login.breaker)),
        clock_skew_(std::move(guards.host.clock_skew)),
        account_(std::move(account)),
        rotation_(std::move(rotation)),
        fleet_(std::move(fleet)) {}

  PathState Probe(Now now) const override {
    const auto missing = account_ ? account_->HeldUntil(now) : std::nullopt;
    const auto hold_off = std::max(credential_.hold_off->HeldUntil(now), missing);
    // The credential before does not stand in for an account that the new one lacks.
    const bool uses_previous = rotation_ && rotation_->UsesPrevious() && !missing;
    const auto blocked = credential_.pacer->blocked_until().After(now.steady);
    PathState path{breaker_->State(now.steady),
                   hold_off,
                   blocked,
                   clock_skew_->Skew(),
                   uses_previous,
                   hold_off || blocked || breaker_->Forbids(now.steady),
                   credential_.pacer->full_at().After(now.steady)};
    if (fleet_) fleet_->AddTo(path, now.steady);
    return path;
  }

 private:
  // The guards that forbid requests or know something to tell.
  const CredentialGuards credential_;
  const std::shared_ptr<const LoginBreaker> breaker_;
  const std::shared_ptr<const ClockSkew> clock_skew_;
  const std::shared_ptr<const HoldOff> account_;
  const std::shared_ptr<const Rotation> rotation_;
  const std::shared_ptr<const FleetLogin> fleet_;
};

}  // namespace balance
