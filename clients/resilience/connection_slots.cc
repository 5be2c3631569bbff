#include "clients/resilience/connection_slots.h"

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

namespace balance {

namespace asio = boost::asio;

ConnectionSlots::ConnectionSlots(asio::any_io_executor executor, Clock& clock,
                                 ConnectionLimits limits)
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

asio::awaitable<std::optional<HostSlots::Slot>> HostSlots::Take(const FetchProgress& progress,
                                                                SteadyTime deadline) {
  if (HasRoom()) co_return Occupy();
  const auto self =
      waiters_.insert(waiters_.end(), {&progress, deadline, BootTimer(all_->executor_)});
  self->wake.expires_at(SteadyTime::max());
  if (!std::exchange(is_listed_, true)) all_->waiting_.push_back(this);
  EndWaits();
  boost::system::error_code interrupted;
  if (!self->is_over) {
    co_await self->wake.async_wait(asio::redirect_error(asio::use_awaitable, interrupted));
  }
  std::optional<Slot> slot = std::move(self->slot);
  const bool is_over = self->is_over;
  waiters_.erase(self);
  if (waiters_.empty()) deadline_.Cancel();
  if (is_over) co_return slot;
  throw boost::system::system_error(asio::error::operation_aborted);
}

bool HostSlots::GrantNext() {
  const auto waits = [](const Waiter& waiter) { return !waiter.is_over; };
  auto next = std::find_if(waiters_.begin(), waiters_.end(), [&](const Waiter& waiter) {
    return waits(waiter) && waiter.progress->urgent;
  });
  if (next == waiters_.end()) next = std::find_if(waiters_.begin(), waiters_.end(), waits);
  if (next == waiters_.end()) return false;
  next->slot.emplace(Occupy());
  next->is_over = true;
  next->wake.cancel();
  return true;
}

void HostSlots::EndWaits() {
  const SteadyTime now = all_->clock_.SteadyNow();
  SteadyTime first = SteadyTime::max();
  for (Waiter& waiter : waiters_) {
    if (waiter.is_over) continue;
    if (waiter.deadline > now) {
      first = std::min(first, waiter.deadline);
    } else {
      waiter.is_over = true;
      waiter.wake.cancel();
    }
  }
  // A timer that is not needed would keep the loop from ending.
  if (first == SteadyTime::max()) return deadline_.Cancel();
  deadline_.Set(first, [this] { EndWaits(); });
}

}  // namespace balance
