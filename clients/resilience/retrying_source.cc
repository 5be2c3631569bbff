#include "clients/resilience/retrying_source.h"

#include <utility>

namespace balance {

RetryingSource::RetryingSource(std::unique_ptr<BalanceSource> next,
                               std::shared_ptr<RetryBudget> retries, Random random, Clock& clock)
    : next_(std::move(next)),
      retries_(std::move(retries)),
      random_(std::move(random)),
      clock_(clock) {}

boost::asio::awaitable<Result<Reading>> RetryingSource::Fetch(FetchContext context) {
  const auto sent_before = context.progress->sent_at;
  Result<Reading> first = co_await Attempt(context);
  // A failure that another replica met is that one's to retry.
  const bool was_sent =
      context.progress->sent_at != sent_before && !context.progress->shared_sent_at;
  if (first || !was_sent) co_return first;
  const auto pause = Duration(static_cast<Duration::rep>(random_() * double(kBackOff.count())));
  const SteadyTime at = clock_.SteadyNow() + pause;
  if (first.error().kind != ErrorKind::kClockSkew) {
    if (!IsWorthRetry(first.error(), at, context.End())) co_return first;
    co_await clock_.SleepUntil(at);
  }
  const SteadyTime sent = *context.progress->sent_at;
  Result<Reading> second = co_await Attempt(context);
  // Refused unsent, it says less than the first.
  if (!second && context.progress->sent_at == sent) {
    context.progress->shared_sent_at.reset();
    co_return first;
  }
  co_return second;
}

boost::asio::awaitable<Result<Reading>> RetryingSource::Attempt(FetchContext context) {
  const auto sent_before = context.progress->sent_at;
  Result<Reading> result = co_await next_->Fetch(context);
  const auto sent = context.progress->sent_at;
  if (sent == sent_before || context.progress->shared_sent_at) co_return result;
  if (result) {
    retries_->OnSuccess();
    latency_.Add(clock_.SteadyNow() - *sent);
  } else if (const Error& error = result.error(); error.is_transient && !error.is_local &&
                                                  !error.may_be_configuration &&
                                                  !error.is_held_up) {
    retries_->OnFailure();
  }
  co_return result;
}

bool RetryingSource::IsWorthRetry(const Error& error, SteadyTime at, SteadyTime end) const {
  if (!error.is_transient || error.retry_after || !retries_->MayRetry()) return false;
  const SendOutlook outlook = next_->Outlook();
  if (outlook.because && outlook.earliest > at) return false;
  return at + latency_.Quantile(0.95).value_or(Duration::zero()) < end;
}

}  // namespace balance
