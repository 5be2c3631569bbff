#include "clients/resilience/breaker_source.h"

#include <algorithm>
#include <utility>

#include "clients/resilience/refusal.h"

namespace balance {
namespace {

// Where a probe is under way.
constexpr Duration kProbePatience = std::chrono::seconds(1);

bool IsFailureOfHost(const Error& error) {
  switch (error.kind) {
    case ErrorKind::kUnreachable:
    case ErrorKind::kReplyInvalid:
      return true;
    case ErrorKind::kUpstreamError:
      return error.is_transient;
    default:
      return false;
  }
}

bool SaysNothing(const Error& error) {
  return error.is_local || error.kind == ErrorKind::kCancelled ||
         error.kind == ErrorKind::kInternal || error.kind == ErrorKind::kDeadlineExceeded;
}

}  // namespace

BreakerSource::BreakerSource(std::unique_ptr<BalanceSource> next, std::shared_ptr<Breaker> breaker,
                             Clock& clock)
    : next_(std::move(next)), breaker_(std::move(breaker)), clock_(clock) {}

boost::asio::awaitable<Result<Reading>> BreakerSource::Fetch(FetchContext context) {
  const SteadyTime begun = clock_.SteadyNow();
  std::optional<Breaker::Permit> permit = breaker_->Admit(begun);
  if (!permit) co_return Refuse(*breaker_->Because(begun), Until(begun) - begun);
  const auto sent_before = context.progress->sent_at;
  Result<Reading> result = co_await next_->Fetch(context);
  const SteadyTime now = clock_.SteadyNow();
  if (result) {
    permit->Succeeded(now);
  } else if (context.progress->sent_at == sent_before || SaysNothing(result.error())) {
    co_return result;
  } else if (IsFailureOfHost(result.error())) {
    permit->Failed(now, result.error(), now >= context.End());
  } else {
    permit->Succeeded(now);
  }
  co_return result;
}

SendOutlook BreakerSource::Outlook() const {
  SendOutlook outlook = next_->Outlook();
  const SteadyTime now = clock_.SteadyNow();
  if (auto because = breaker_->Because(now); because && Until(now) > outlook.earliest) {
    outlook.earliest = Until(now);
    outlook.because = std::move(because);
  }
  return outlook;
}

SteadyTime BreakerSource::Until(SteadyTime now) const {
  return breaker_->Until() > now ? breaker_->Until() : now + kProbePatience;
}

}  // namespace balance
