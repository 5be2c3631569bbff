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

}  // namespace

PacedSource::PacedSource(std::unique_ptr<BalanceSource> next, std::shared_ptr<Pacer> pacer,
                         Clock& clock)
    : next_(std::move(next)), pacer_(std::move(pacer)), clock_(clock) {}

boost::asio::awaitable<Result<Reading>> PacedSource::Fetch(FetchContext context) {
  const std::shared_ptr<Pacer> pacer = pacer_;
  const SteadyTime now = clock_.SteadyNow();
  if (const auto blocked = pacer->BlockedBy()) {
    co_return Refuse(*blocked, pacer->BlockedUntil() - now);
  }
  // A request that would be refused further down needs no turn.
  const SendOutlook below = next_->Outlook();
  if (!below.because || below.earliest <= now) {
    const SteadyTime turn = std::max(pacer->NextTurn(), below.earliest);
    if (turn >= context.End()) co_return OutOfTurn(turn - now);
    context.progress->planned_send = turn;
    if (below.earliest > now) co_await clock_.SleepUntil(below.earliest);
    if (!co_await pacer->Turn(*context.progress, context.End())) {
      const SteadyTime refused = clock_.SteadyNow();
      if (refused >= context.End()) {
        co_return OutOfTurn(std::max(pacer->NextTurn(), refused) - refused);
      }
      // On a busy loop the pause may be over by now.
      const Duration left = pacer->BlockedUntil() - refused;
      co_return Refuse(*pacer->LatestPause(), std::max(left, Duration::zero()));
    }
  }
  context.progress->planned_send.reset();
  context.progress->rate_limits = {};
  const auto sent_before = context.progress->sent_at;
  Result<Reading> result = co_await next_->Fetch(context);
  // What was refused further down says nothing about limits.
  if (context.progress->sent_at != sent_before) Learn(*pacer, *context.progress, result);
  co_return result;
}

SendOutlook PacedSource::Outlook() const {
  SendOutlook outlook = next_->Outlook();
  if (outlook.because && outlook.earliest > clock_.SteadyNow()) return outlook;
  outlook.earliest = std::max(outlook.earliest, pacer_->NextTurn());
  outlook.because = pacer_->BlockedBy();
  outlook.has_spare = outlook.has_spare && pacer_->HasSpare();
  return outlook;
}

void PacedSource::Learn(Pacer& pacer, const FetchProgress& progress,
                        const Result<Reading>& result) {
  pacer.OnLimits(progress.rate_limits);
  if (result) return pacer.OnSuccess();
  if (result.error().kind == ErrorKind::kRateLimited) {
    pacer.OnRateLimited(result.error());
  } else {
    pacer.OnPause(result.error());
  }
}

}  // namespace balance
