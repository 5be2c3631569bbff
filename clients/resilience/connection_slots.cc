#include "clients/resilience/connection_slots.h"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

namespace balance {

namespace asio = boost::asio;

ConnectionSlots::ConnectionSlots(LoopExecutor executor, Clock& clock, ConnectionLimits limits)
    : executor_(std::move(executor)), clock_(clock), total_(limits.total) {}

// A host that can be given nothing now keeps its place: room for it comes with another's release.
void ConnectionSlots::Grant() {
  for (std::size_t left = waiting_.size(); left > 0; --left) {
    HostSlots* const host = waiting_.front();
    waiting_.splice(waiting_.end(), waiting_, waiting_.begin());
    if (!host->HasRoom()) continue;
    if (host->GrantNext()) {
      // Go round once more: every host may get another one.
      left = waiting_.size() + 1;
    } else {
      host->is_listed_ = false;
      waiting_.remove(host);
    }
  }
}

HostSlots::HostSlots(std::shared_ptr<ConnectionSlots> all)
    : all_(std::move(all)), deadline_(all_->executor_, all_->clock_) {}

HostSlots::~HostSlots() {
  if (is_listed_) all_->waiting_.remove(this);
}

std::optional<HostSlots::Slot> HostSlots::TryTake() {
  if (!HasRoom()) return std::nullopt;
  return Occupy();
}

bool HostSlots::HasSpare() const {
  return waiters_.empty() && in_use_ < (all_->total_ - all_->in_use_) / 2;
}

HostSlots::Slot HostSlots::Occupy() {
  ++in_use_;
  ++all_->in_use_;
  return Slot(shared_from_this());
}

void HostSlots::Release() {
  --in_use_;
  --all_->in_use_;
  all_->Grant();
}

asio::awaitable<std::optional<HostSlots::Slot>> HostSlots::Take(FetchProgress& progress,
                                                                SteadyTime deadline,
                                                                const BalanceSource* next) {
  if (HasRoom()) co_return Occupy();
  if (deadline <= all_->clock_.SteadyNow()) co_return std::nullopt;
  const auto self = waiters_.insert(
      waiters_.end(), {deadline, progress.urgent, came_++, next, BootTimer(all_->executor_)});
  self->wake.expires_at(SteadyTime::max());
  if (!std::exchange(is_listed_, true)) all_->waiting_.push_back(this);
  Enter(*self, progress);
  boost::system::error_code interrupted;
  co_await self->wake.async_wait(asio::redirect_error(asio::use_awaitable, interrupted));
  progress.on_urgency = nullptr;
  progress.on_forbidden = nullptr;
  std::optional<Slot> slot = std::move(self->slot);
  const bool is_over = self->is_over;
  if (!is_over) Leave(*self);
  waiters_.erase(self);
  if (is_over) co_return slot;
  throw boost::system::system_error(asio::error::operation_aborted);
}

bool HostSlots::GrantNext() {
  if (queue_.empty()) return false;
  Waiter& next = *queue_.begin()->second;
  next.slot.emplace(Occupy());
  EndWait(next);
  return true;
}

void HostSlots::Enter(Waiter& waiter, FetchProgress& progress) {
  progress.on_urgency = [this, &waiter, &progress] { SetUrgent(waiter, progress.urgent); };
  progress.on_forbidden = [this, &waiter] {
    if (!waiter.is_over) EndWait(waiter);
  };
  queue_.emplace(std::pair(!waiter.is_urgent, waiter.number), &waiter);
  if (waiter.deadline == SteadyTime::max()) return;
  by_deadline_.emplace(std::pair(waiter.deadline, waiter.number), &waiter);
  if (by_deadline_.begin()->second == &waiter) {
    deadline_.Set(waiter.deadline, [this] { EndLateWaits(); });
  }
}

void HostSlots::SetUrgent(Waiter& waiter, bool is_urgent) {
  if (waiter.is_over) return;
  queue_.erase({!waiter.is_urgent, waiter.number});
  waiter.is_urgent = is_urgent;
  queue_.emplace(std::pair(!is_urgent, waiter.number), &waiter);
}

void HostSlots::Leave(Waiter& waiter) {
  queue_.erase({!waiter.is_urgent, waiter.number});
  if (by_deadline_.erase({waiter.deadline, waiter.number}) == 0) return;
  // A timer that is not needed would keep the loop from ending. One that is early does no harm.
  if (by_deadline_.empty()) deadline_.Cancel();
}

void HostSlots::EndWait(Waiter& waiter) {
  Leave(waiter);
  waiter.is_over = true;
  waiter.wake.cancel();
}

void HostSlots::EndForbidden(const std::shared_ptr<const Error>& because) {
  if (!because || because == forbidden_because_) return;
  forbidden_because_ = because;
  const SteadyTime now = all_->clock_.SteadyNow();
  for (Waiter& waiter : waiters_) {
    if (waiter.is_over || !waiter.next) continue;
    if (waiter.next->Outlook().IsForbidden(now)) EndWait(waiter);
  }
}

void HostSlots::EndLateWaits() {
  const SteadyTime now = all_->clock_.SteadyNow();
  while (!by_deadline_.empty() && by_deadline_.begin()->first.first <= now) {
    EndWait(*by_deadline_.begin()->second);
  }
  if (by_deadline_.empty()) return;
  deadline_.Set(by_deadline_.begin()->first.first, [this] { EndLateWaits(); });
}

}  // namespace balance
