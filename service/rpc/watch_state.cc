#include "service/rpc/watch_state.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "clients/core/saturating.h"

namespace balance {

using Kind = WatchState::Step::Kind;

namespace {

// Memory for so many dirty accounts is kept for the next ones.
constexpr std::size_t kKeptSlots = 64;

}  // namespace

WatchState::WatchState(const Options& options, Random random)
    : options_(options), random_(std::move(random)), ends_at_(options.ends_at) {}

// --- What happens -------------------------------------------------------------------------------

WatchState::Slot WatchState::Add() {
  accounts_.emplace_back();
  const auto slot = static_cast<Slot>(accounts_.size() - 1);
  MarkDirty(slot);
  return slot;
}

void WatchState::MarkDirty(Slot slot) {
  Account& account = accounts_[slot];
  if (std::exchange(account.is_dirty, true)) return;
  dirty_.push_back(slot);
  first_due_ = std::min(first_due_, DueAt(account));
  if (!account.is_known) ++unknown_;
}

void WatchState::Clean(Slot slot) {
  Account& account = accounts_[slot];
  if (!std::exchange(account.is_dirty, false)) return;
  if (!account.is_known) --unknown_;
  const auto first = dirty_.begin() + static_cast<std::ptrdiff_t>(clean_);
  const auto found = std::find(first, dirty_.end(), slot);
  // What waits longest is sent first, mostly, and thousands may wait behind it.
  if (found == first) {
    ++clean_;
  } else {
    dirty_.erase(found);
  }
  if (2 * clean_ < dirty_.size()) return;
  dirty_.erase(dirty_.begin(), dirty_.begin() + static_cast<std::ptrdiff_t>(clean_));
  clean_ = 0;
  if (dirty_.empty()) first_due_ = SteadyTime::max();
  if (dirty_.empty() && dirty_.capacity() > kKeptSlots) dirty_.shrink_to_fit();
}

void WatchState::OnChange(Slot slot) {
  if (!accounts_[slot].is_gone) MarkDirty(slot);
}

void WatchState::Remove(Slot slot, std::int64_t last) {
  Account& account = accounts_[slot];
  if (std::exchange(account.is_gone, true)) return;
  CountMissed(account, last);
  if (!account.is_known) return Clean(slot);
  MarkDirty(slot);
  // It is due at once, also if it was dirty before and had to wait.
  first_due_ = SteadyTime::min();
}

void WatchState::Restart(Slot slot, std::int64_t last) {
  Account& account = accounts_[slot];
  account.is_gone = false;
  CountMissed(account, last);
  MarkDirty(slot);
}

void WatchState::CountMissed(Account& account, std::int64_t last) {
  if (account.is_known) account.missed += std::max<std::int64_t>(last - account.told, 0);
  account.told = 0;
}

void WatchState::EndBy(SteadyTime when, WatchEnd why) {
  if (when >= ends_at_) return;
  ends_at_ = when;
  end_ = why;
}

// --- What to do ---------------------------------------------------------------------------------

SteadyTime WatchState::DueAt(const Account& account) const {
  if (account.is_gone || account.sent == SteadyTime::min()) return SteadyTime::min();
  return SaturatingAdd(account.sent, options_.min_interval);
}

SteadyTime WatchState::TooSlowAt() const {
  const SteadyTime blocked_since = is_blocked_ ? blocked_since_ : SteadyTime::max();
  return SaturatingAdd(std::min(under_way_since_, blocked_since), kSlowReader);
}

WatchState::Step WatchState::Next(SteadyTime now) {
  if (is_goodbye_said_) return {Kind::kEnd};
  if (is_blocked_ && now >= SaturatingAdd(ends_at_, kGoodbyePatience)) return {Kind::kEnd};
  if (now >= TooSlowAt()) return {Kind::kTooSlow};
  if (is_blocked_) return {};
  if (now >= ends_at_) return {Kind::kGoodbye};
  if (!is_initial_told_ && !IsInitialStateOpen()) return {Kind::kHeartbeat};
  if (now >= first_due_) {
    SteadyTime first_due = SteadyTime::max();
    for (const Slot slot : Dirty()) {
      const Account& account = accounts_[slot];
      const SteadyTime due = DueAt(account);
      if (due <= now) return {account.is_gone ? Kind::kRemoved : Kind::kSnapshot, slot};
      first_due = std::min(first_due, due);
    }
    first_due_ = first_due;
  }
  if (now >= next_heartbeat_) return {Kind::kHeartbeat};
  return {};
}

SteadyTime WatchState::NextTime() const {
  if (is_blocked_) return std::min(TooSlowAt(), SaturatingAdd(ends_at_, kGoodbyePatience));
  return std::min({ends_at_, next_heartbeat_, TooSlowAt(), first_due_});
}

std::int64_t WatchState::Skipped(Slot slot, std::int64_t number) const {
  const Account& account = accounts_[slot];
  if (!account.is_known) return 0;
  return std::max<std::int64_t>(account.missed + number - account.told - 1, 0);
}

void WatchState::OnSent(SteadyTime now) {
  under_way_since_ = now;
  blocked_since_ = SteadyTime::max();
  const double share = 1 + kHeartbeatJitter * (2 * random_() - 1);
  const auto interval = static_cast<double>(options_.heartbeat_interval.count()) * share;
  next_heartbeat_ = now + Duration(static_cast<Duration::rep>(interval));
}

void WatchState::OnNothingNew(Slot slot, std::int64_t number) {
  Clean(slot);
  Account& account = accounts_[slot];
  account.told = number;
  account.missed = 0;
}

void WatchState::OnSnapshotSent(Slot slot, std::int64_t number, SteadyTime now) {
  OnNothingNew(slot, number);
  accounts_[slot].is_known = true;
  accounts_[slot].sent = now;
  OnSent(now);
}

void WatchState::OnRemovedSent(Slot slot, SteadyTime now) {
  Clean(slot);
  accounts_[slot] = {};
  accounts_[slot].is_gone = true;
  OnSent(now);
}

void WatchState::OnHeartbeatSent(SteadyTime now) {
  is_initial_told_ = true;
  OnSent(now);
}

void WatchState::OnGoodbyeSent(SteadyTime now) {
  is_goodbye_said_ = true;
  OnSent(now);
}

void WatchState::OnBlocked(SteadyTime now) {
  is_blocked_ = true;
  blocked_since_ = std::min(blocked_since_, now);
}

std::int64_t WatchState::Told(Slot slot) const {
  const Account& account = accounts_[slot];
  return account.is_known && !account.is_gone ? account.told : 0;
}

}  // namespace balance
