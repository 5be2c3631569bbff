#pragma once

// What stands between a source and its upstream.

#include <algorithm>
#include <memory>

#include "clients/core/path_state.h"
#include "clients/resilience/breaker.h"
#include "clients/resilience/clock_skew.h"
#include "clients/resilience/connection_slots.h"
#include "clients/resilience/hold_off.h"
#include "clients/resilience/pacer.h"
#include "clients/resilience/retry_budget.h"
#include "clients/resilience/rotating_source.h"

namespace balance {

// Shared by all sources with one credential.
struct CredentialGuards {
  std::shared_ptr<Pacer> pacer;
  std::shared_ptr<HoldOff> hold_off;
};

// Shared by all sources at one host and port.
struct HostGuards {
  std::shared_ptr<Breaker> breaker;
  std::shared_ptr<RetryBudget> retries;
  std::shared_ptr<ClockSkew> clock_skew;
  // Null: there is always a connection.
  std::shared_ptr<HostSlots> slots = nullptr;
};

// Thread-safe.
class UpstreamPath final : public PathProbe {
 public:
  // `account` is the hold-off of the source alone, which may be null. `rotation` is null where no
  // credential is being replaced.
  UpstreamPath(CredentialGuards credential, HostGuards host,
               std::shared_ptr<const HoldOff> account = nullptr,
               std::shared_ptr<const Rotation> rotation = nullptr)
      : credential_(std::move(credential)),
        host_(std::move(host)),
        account_(std::move(account)),
        rotation_(std::move(rotation)) {}

  PathState Probe(SteadyTime now) const override {
    auto hold_off = credential_.hold_off->until().After(now);
    if (account_) hold_off = std::max(hold_off, account_->until().After(now));
    return {host_.breaker->State(now), hold_off, credential_.pacer->blocked_until().After(now),
            host_.clock_skew->Skew(), rotation_ && rotation_->UsesPrevious()};
  }

 private:
  const CredentialGuards credential_;
  const HostGuards host_;
  const std::shared_ptr<const HoldOff> account_;
  const std::shared_ptr<const Rotation> rotation_;
};

}  // namespace balance
