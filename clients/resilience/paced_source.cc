#include "clients/resilience/paced_source.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "clients/resilience/refusal.h"

namespace balance {
namespace {

tl::unexpected<Error> OutOfTurn(Duration retry_after) {
  return Refuse({ErrorKind::kFreshnessUnsatisfied,
                 "the rate budget of the credential allows no request in time; raise "
                 "requests_per_second or ask less often"},
                retry_after);
}

// Takes a connection into `slot`, unless there is one already, and says whether there is one.
// `slots` may be null, and then there is always one. A function of its own, because GCC 12 warns of
// lambdas that a coroutine keeps.
std::function<bool()> RoomAt(HostSlots* slots, std::optional<HostSlots::Slot>& slot) {
  return [slots, &slot] {
    if (slots != nullptr && !slot) slot = slots->TryTake();
    return slots == nullptr || slot;
  };
}

// When the request has to be on its way.
SteadyTime LatestSend(const FetchContext& context) {
  return std::min(context.End(), context.send_by);
}

tl::unexpected<Error> Paused(const Pacer& pacer, SteadyTime now) {
  // On a busy loop the pause may be over by now.
  return Refuse(*pacer.LatestPause(), std::max(pacer.BlockedUntil() - now, Duration::zero()));
}

}  // namespace

PacedSource::PacedSource(std::unique_ptr<BalanceSource> next, std::shared_ptr<Pacer> pacer,
                         Clock& clock, std::shared_ptr<HostSlots> slots)
    : next_(std::move(next)), pacer_(std::move(pacer)), clock_(clock), slots_(std::move(slots)) {}

boost::asio::awaitable<Result<Reading>> PacedSource::Fetch(FetchContext context) {
  const std::shared_ptr<Pacer> pacer = pacer_;
  std::optional<HostSlots::Slot> slot;
  if (auto waited = co_await AwaitTurn(context, slot); !waited) {
    co_return tl::unexpected<Error>(std::move(waited.error()));
  }
  // On a busy loop a turn may be used later than it came.
  const SteadyTime begun = clock_.SteadyNow();
  if (begun > context.send_by) co_return OutOfTurn(Duration::zero());
  context.progress->rate_limits = {};
  const auto sent_before = context.progress->sent_at;
  Result<Reading> result = co_await next_->Fetch(context);
  // What was refused further down says nothing about limits.
  if (context.progress->sent_at != sent_before) Learn(*pacer, *context.progress, result);
  if (slots_ && !result && result.error().is_connect_failure) {
    slots_->EndForbidden(next_->Outlook().because);
  }
  co_return result;
}

boost::asio::awaitable<Result<void>> PacedSource::AwaitTurn(FetchContext context,
                                                            std::optional<HostSlots::Slot>& slot) {
  const std::shared_ptr<Pacer> pacer = pacer_;
  const std::shared_ptr<HostSlots> slots = slots_;
  const std::function<bool()> has_room =
      RoomAt(context.progress->connection ? nullptr : slots.get(), slot);
  while (true) {
    const SteadyTime now = clock_.SteadyNow();
    const SendOutlook outlook = next_->Outlook();
    // A request that is refused further down needs no turn.
    if (outlook.IsForbidden(now)) break;
    const SteadyTime not_before = outlook.earliest;
    const SteadyTime turn = std::max(pacer->NextTurn(), not_before);
    if (!pacer->BlockedBy() && turn >= LatestSend(context)) co_return OutOfTurn(turn - now);
    // The turn that there was went to somebody else during the wait for the connection.
    if (turn > now) slot.reset();
    // Not made within the co_await: of an aggregate that is, GCC 12 copies the bytes.
    const Pacer::Terms terms{not_before, LatestSend(context), next_.get(), has_room};
    const Pacer::End end = co_await pacer->Turn(*context.progress, terms);
    if (end == Pacer::End::kTurn) break;
    if (end == Pacer::End::kPause) co_return Paused(*pacer, clock_.SteadyNow());
    if (end == Pacer::End::kDeadline) {
      const SteadyTime late = clock_.SteadyNow();
      co_return OutOfTurn(std::max(pacer->NextTurn(), late) - late);
    }
    if (end == Pacer::End::kNoRoom) {
      const Pacer::OtherWait wait(*pacer, *context.progress, *next_);
      slot = co_await slots->Take(*context.progress, LatestSend(context), next_.get());
      const SteadyTime late = clock_.SteadyNow();
      const bool is_forbidden = pacer->BlockedBy() || next_->Outlook().IsForbidden(late);
      if (!slot && !is_forbidden && late >= LatestSend(context)) co_return NoConnection();
    }
  }
  co_return Result<void>();
}

boost::asio::awaitable<ConnectionPermit> PacedSource::AwaitConnection(FetchContext context) {
  if (!slots_) co_return co_await BalanceSource::AwaitConnection(context);
  const std::shared_ptr<Pacer> pacer = pacer_;
  const std::shared_ptr<HostSlots> slots = slots_;
  const Pacer::OtherWait wait(*pacer, *context.progress, *next_);
  auto slot = co_await slots->Take(*context.progress, context.End(), next_.get());
  if (!slot) co_return ConnectionPermit();
  co_return std::make_shared<HostSlots::Slot>(std::move(*slot));
}

SendOutlook PacedSource::Outlook() const {
  SendOutlook outlook = next_->Outlook();
  outlook.interval = pacer_->Interval();
  if (outlook.IsForbidden(clock_.SteadyNow())) {
    outlook.earliest = std::max(outlook.earliest, pacer_->BlockedUntil());
    return outlook;
  }
  outlook.earliest = std::max(outlook.earliest, pacer_->NextTurn());
  outlook.because = pacer_->BlockedBy();
  outlook.has_spare = outlook.has_spare && pacer_->HasSpare() && (!slots_ || slots_->HasSpare());
  return outlook;
}

void PacedSource::Learn(Pacer& pacer, const FetchProgress& progress,
                        const Result<Reading>& result) {
  if (result) {
    pacer.OnSuccess();
  } else if (result.error().kind == ErrorKind::kRateLimited) {
    pacer.OnRateLimited(result.error());
  } else {
    pacer.OnPause(result.error());
  }
  pacer.OnLimits(progress.rate_limits);
}

}  // namespace balance
