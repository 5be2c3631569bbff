#include "clients/resilience/paced_source.h"

#include <algorithm>
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

tl::unexpected<Error> Paused(const Pacer& pacer, SteadyTime now) {
  // On a busy loop the pause may be over by now.
  return Refuse(*pacer.LatestPause(), std::max(pacer.BlockedUntil() - now, Duration::zero()));
}

}  // namespace

PacedSource::PacedSource(std::unique_ptr<BalanceSource> next, std::shared_ptr<Pacer> pacer,
                         Clock& clock)
    : next_(std::move(next)), pacer_(std::move(pacer)), clock_(clock) {}

boost::asio::awaitable<Result<Reading>> PacedSource::Fetch(FetchContext context) {
  const std::shared_ptr<Pacer> pacer = pacer_;
  // A request that is refused further down needs no turn.
  while (!next_->Outlook().IsForbidden(clock_.SteadyNow())) {
    const SteadyTime now = clock_.SteadyNow();
    const SteadyTime not_before = next_->Outlook().earliest;
    const SteadyTime turn = std::max(pacer->NextTurn(), not_before);
    if (!pacer->BlockedBy() && turn >= context.End()) co_return OutOfTurn(turn - now);
    const Pacer::End end =
        co_await pacer->Turn(*context.progress, {not_before, context.End(), next_.get()});
    if (end == Pacer::End::kTurn) break;
    if (end == Pacer::End::kPause) co_return Paused(*pacer, clock_.SteadyNow());
    if (end == Pacer::End::kDeadline) {
      const SteadyTime late = clock_.SteadyNow();
      co_return OutOfTurn(std::max(pacer->NextTurn(), late) - late);
    }
  }
  context.progress->rate_limits = {};
  const auto sent_before = context.progress->sent_at;
  Result<Reading> result = co_await next_->Fetch(context);
  // What was refused further down says nothing about limits.
  if (context.progress->sent_at != sent_before) Learn(*pacer, *context.progress, result);
  co_return result;
}

SendOutlook PacedSource::Outlook() const {
  SendOutlook outlook = next_->Outlook();
  if (outlook.IsForbidden(clock_.SteadyNow())) {
    outlook.earliest = std::max(outlook.earliest, pacer_->BlockedUntil());
    return outlook;
  }
  outlook.earliest = std::max(outlook.earliest, pacer_->NextTurn());
  outlook.because = pacer_->BlockedBy();
  outlook.has_spare = outlook.has_spare && pacer_->HasSpare();
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
