#include "clients/resilience/breaker_source.h"

#include <utility>

#include "clients/resilience/refusal.h"

namespace balance {
namespace {

enum class Meaning : std::uint8_t { kFailure, kNoFailure, kNothing };

Meaning MeaningOf(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kUnreachable:
    case ErrorKind::kUpstreamError:
    case ErrorKind::kReplyInvalid:
      return Meaning::kFailure;
    case ErrorKind::kRateLimited:
    case ErrorKind::kCredentialsRejected:
    case ErrorKind::kClockSkew:
    case ErrorKind::kForbidden:
    case ErrorKind::kAccountMissing:
      return Meaning::kNoFailure;
    case ErrorKind::kFreshnessUnsatisfied:
    case ErrorKind::kNotCached:
    case ErrorKind::kDeadlineExceeded:
    case ErrorKind::kCancelled:
    case ErrorKind::kInvalidInput:
    case ErrorKind::kInternal:
      return Meaning::kNothing;
  }
  return Meaning::kNothing;
}

}  // namespace

BreakerSource::BreakerSource(std::unique_ptr<BalanceSource> next,
                             std::shared_ptr<LoginBreaker> breaker, Clock& clock)
    : next_(std::move(next)), breaker_(std::move(breaker)), clock_(clock) {}

boost::asio::awaitable<Result<Reading>> BreakerSource::Fetch(FetchContext context) {
  const SteadyTime begun = clock_.SteadyNow();
  std::optional<LoginBreaker::Permit> permit = breaker_->Admit(begun);
  if (!permit) co_return Refuse(*breaker_->Because(begun), breaker_->Until(begun) - begun);
  const auto sent_before = context.progress->sent_at;
  Result<Reading> result = co_await next_->Fetch(context);
  if (context.progress->sent_at != sent_before) Tell(*permit, result, begun, context.End());
  co_return result;
}

void BreakerSource::Tell(LoginBreaker::Permit& permit, const Result<Reading>& result,
                         SteadyTime begun, SteadyTime end) const {
  // Leave the permit untold: it ends without a verdict.
  if (!result && (result.error().is_held_up || result.error().is_local)) return;
  const Now now = clock_.Time();
  const Meaning meaning = result ? Meaning::kNoFailure : MeaningOf(result.error().kind);
  if (meaning == Meaning::kNoFailure) return permit.Succeeded(now.steady);
  if (meaning == Meaning::kNothing) return;
  const bool is_cut_short = result.error().kind == ErrorKind::kUnreachable && now.steady >= end &&
                            breaker_->UsuallyTakesLongerThan(now.steady - begun);
  if (!is_cut_short) permit.Failed(now, result.error());
}

SendOutlook BreakerSource::Outlook() const {
  SendOutlook outlook = next_->Outlook();
  const SteadyTime now = clock_.SteadyNow();
  auto because = breaker_->Because(now);
  if (!because) return outlook;
  if (const SteadyTime until = breaker_->Until(now); until > outlook.earliest) {
    outlook.earliest = until;
    outlook.because = std::move(because);
  }
  return outlook;
}

}  // namespace balance
