#include "clients/resilience/hold_off_source.h"

#include <algorithm>
#include <array>
#include <utility>

#include "clients/resilience/refusal.h"

namespace balance {

std::shared_ptr<HoldOff> MakeAccountHoldOff() {
  return std::make_shared<HoldOff>(HoldOffTimes::kAccountMissing, HoldOffTimes::kAccountMissing);
}

HoldOffSource::HoldOffSource(std::unique_ptr<BalanceSource> next,
                             std::shared_ptr<HoldOff> credential, Clock& clock,
                             std::shared_ptr<HoldOff> account)
    : next_(std::move(next)),
      credential_(std::move(credential)),
      account_missing_(std::move(account)),
      clock_(clock) {}

boost::asio::awaitable<Result<Reading>> HoldOffSource::Fetch(FetchContext context) {
  const SteadyTime now = clock_.SteadyNow();
  if (const HoldOff* held = InForce()) co_return Refuse(*held->Because(now), held->Until() - now);
  const auto sent_before = context.progress->sent_at;
  Result<Reading> result = co_await next_->Fetch(context);
  if (context.progress->sent_at != sent_before) Learn(result);
  co_return result;
}

SendOutlook HoldOffSource::Outlook() const {
  SendOutlook outlook = next_->Outlook();
  if (!outlook.because) outlook.earliest = std::max(outlook.earliest, reply_invalid_.Until());
  const HoldOff* held = InForce();
  if (held && held->Until() > outlook.earliest) {
    outlook.earliest = held->Until();
    outlook.because = held->Because(clock_.SteadyNow());
  }
  return outlook;
}

void HoldOffSource::Learn(const Result<Reading>& result) {
  const SteadyTime now = clock_.SteadyNow();
  if (result) {
    clock_rejected_ = false;
    reply_invalid_.Clear();
    if (credential_->Until() != SteadyTime::min()) credential_->Clear();
    return;
  }
  const Error& error = result.error();
  switch (error.kind) {
    case ErrorKind::kClockSkew:
      // The first one is answered by a request with the time set right.
      if (std::exchange(clock_rejected_, true)) credential_->OnRejected(now, error);
      break;
    case ErrorKind::kCredentialsRejected:
    case ErrorKind::kForbidden:
      credential_->OnRejected(now, error);
      break;
    case ErrorKind::kAccountMissing:
      account_missing_->OnRejected(now, error);
      break;
    case ErrorKind::kReplyInvalid:
      reply_invalid_.OnRejected(now, error);
      break;
    default:
      break;
  }
}

const HoldOff* HoldOffSource::InForce() const {
  const SteadyTime now = clock_.SteadyNow();
  const std::array<const HoldOff*, 2> all = {credential_.get(), account_missing_.get()};
  for (const HoldOff* held : all) {
    if (held->Because(now)) return held;
  }
  return nullptr;
}

}  // namespace balance
