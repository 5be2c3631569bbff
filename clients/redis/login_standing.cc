#include "clients/redis/login_standing.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <variant>

#include "clients/redis/lease_owner.h"
#include "clients/resilience/refusal.h"

namespace balance {

Result<Reading> RefuseHeld(const HeldOff& held, SteadyTime now) {
  Error because = held.because.value_or(
      Error{held.is_rejected ? ErrorKind::kCredentialsRejected : ErrorKind::kRateLimited,
            "another replica was told by the upstream to leave this login alone for a while"});
  return Refuse(std::move(because), std::max(held.until - now, Duration::zero()));
}

void LoginStanding::OnAnswer(const Acquired& acquired, SteadyTime now) {
  held_.reset();
  if (const auto* const held = std::get_if<HeldOff>(&acquired)) {
    held_ = *held;
    held_since_ = now;
    held->is_rejected ? login_->SetRejected(held->until) : login_->SetPaused(held->until);
    return;
  }
  login_->ClearHeld();
  if (const auto* const grant = std::get_if<Granted>(&acquired)) {
    login_->SetHolder(replica_, true, grant->lease_end);
    login_->SetBudgetFullAt(grant->budget_full_at);
  } else if (const auto* const busy = std::get_if<LeaseBusy>(&acquired)) {
    const std::string_view holder = ReplicaOf(busy->owner);
    login_->SetHolder(std::string(holder), holder == replica_, busy->lease_end);
  } else if (const auto* const later = std::get_if<OutOfTurn>(&acquired)) {
    login_->SetBudgetFullAt(later->budget_full_at);
    login_->ClearHolder();
  } else {
    login_->ClearHolder();
  }
}

void LoginStanding::OnNews(SteadyTime sent) {
  login_->ClearHolder();
  login_->NoteRequest(sent);
}

void LoginStanding::OnServed(SteadyTime sent) {
  if (held_ && sent < held_since_) return;
  held_.reset();
  login_->ClearHeld();
}

const HeldOff* LoginStanding::HeldAt(SteadyTime now) const {
  return held_ && held_->until > now ? &*held_ : nullptr;
}

}  // namespace balance
