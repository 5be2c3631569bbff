#pragma once

// What this replica knows of how a login is shared with other replicas, for those who watch it.

#include <algorithm>
#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "clients/core/clock.h"
#include "clients/core/mutex.h"
#include "clients/core/path_state.h"

namespace balance {

// Written on the shard's thread, read on any.
class FleetLogin {
 public:
  // The budget of all replicas is one request in `interval`, and `burst` at once. `is_connected`
  // tells whether the other replicas can be reached.
  FleetLogin(Duration interval, int burst, std::shared_ptr<const std::atomic<bool>> is_connected)
      : interval_(interval), burst_(burst), is_connected_(std::move(is_connected)) {}
  FleetLogin(const FleetLogin&) = delete;
  FleetLogin& operator=(const FleetLogin&) = delete;
  ~FleetLogin() = default;

  // The replica `name` reads the upstream until then at the latest; `is_here`: it is this one.
  void SetHolder(std::string name, bool is_here, SteadyTime until) {
    const MutexLock lock(mutex_);
    holder_ = std::move(name);
    is_held_here_ = is_here;
    held_until_ = until;
  }
  // Nobody does, as far as is known.
  void ClearHolder() {
    const MutexLock lock(mutex_);
    holder_.clear();
  }

  // The budget is whole again then, if nothing more is granted.
  void SetBudgetFullAt(SteadyTime when) {
    const MutexLock lock(mutex_);
    budget_full_at_ = when;
  }
  // A request of some replica was sent at `when`, of which SetBudgetFullAt() has not told.
  void NoteRequest(SteadyTime when) {
    const MutexLock lock(mutex_);
    budget_full_at_ = std::max(budget_full_at_, when) + interval_;
  }
  // Whether more than half of the budget could go at once.
  bool HasSpare(SteadyTime now) const {
    const MutexLock lock(mutex_);
    return budget_full_at_ == SteadyTime::min() || (budget_full_at_ - now) * 2 < interval_ * burst_;
  }

  // Another replica was told to leave the login alone until then: because the upstream rejected
  // the secret, or asked for a pause.
  void SetRejected(SteadyTime until) {
    const MutexLock lock(mutex_);
    rejected_until_ = until;
  }
  void SetPaused(SteadyTime until) {
    const MutexLock lock(mutex_);
    paused_until_ = until;
  }
  // Neither is in force, as far as is known.
  void ClearHeld() {
    const MutexLock lock(mutex_);
    rejected_until_ = paused_until_ = SteadyTime::min();
  }

  // Adds what is known to the state of the way to the upstream.
  void AddTo(PathState& path, SteadyTime now) const {
    const MutexLock lock(mutex_);
    if (rejected_until_ > now)
      path.hold_off_until = std::max(path.hold_off_until, std::optional(rejected_until_));
    if (paused_until_ > now)
      path.blocked_until = std::max(path.blocked_until, std::optional(paused_until_));
    path.is_forbidden |= rejected_until_ > now || paused_until_ > now;
    FleetState& fleet = path.fleet.emplace();
    fleet.is_connected = *is_connected_;
    if (held_until_ > now) fleet.lease_holder = holder_;
    fleet.is_held_here = is_held_here_ && !fleet.lease_holder.empty();
    fleet.budget_left = fleet.budget_limit = burst_;
    if (budget_full_at_ <= now) return;
    const auto missing = (budget_full_at_ - now + interval_ - Duration(1)) / interval_;
    fleet.budget_left -= static_cast<int>(std::min<Duration::rep>(missing, burst_));
  }

 private:
  const Duration interval_;
  const int burst_;
  const std::shared_ptr<const std::atomic<bool>> is_connected_;
  mutable Mutex mutex_;
  std::string holder_ BALANCE_GUARDED_BY(mutex_);
  bool is_held_here_ BALANCE_GUARDED_BY(mutex_) = false;
  SteadyTime held_until_ BALANCE_GUARDED_BY(mutex_) = SteadyTime::min();
  SteadyTime budget_full_at_ BALANCE_GUARDED_BY(mutex_) = SteadyTime::min();
  SteadyTime rejected_until_ BALANCE_GUARDED_BY(mutex_) = SteadyTime::min();
  SteadyTime paused_until_ BALANCE_GUARDED_BY(mutex_) = SteadyTime::min();
};

}  // namespace balance
