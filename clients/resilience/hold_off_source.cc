#include "clients/resilience/hold_off_source.h"

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
  if (const Held held = InForce(); held.because) co_return Refuse(*held.because, held.left);
  const auto sent_before = context.progress->sent_at;
  Result<Reading> result = co_await next_->Fetch(context);
  if (context.progress->sent_at != sent_before) Learn(result);
  co_return result;
}

SendOutlook HoldOffSource::Outlook() const {
  SendOutlook outlook = next_->Outlook();
  if (Held held = InForce(); held.because && held.until > outlook.earliest) {
    outlook.earliest = held.until;
    outlook.because = std::move(held.because);
  }
  return outlook;
}

void HoldOffSource::Learn(const Result<Reading>& result) {
  if (result) {
    rejected_time_.reset();
    if (credential_->Until() != SteadyTime::min()) credential_->Clear();
    return;
  }
  const Error& error = result.error();
  const Now now = clock_.Time();
  switch (error.kind) {
    case ErrorKind::kClockSkew:
      OnTimeRejected(now, error);
      break;
    case ErrorKind::kCredentialsRejected:
    case ErrorKind::kForbidden:
      credential_->OnRejected(now, error);
      break;
    case ErrorKind::kAccountMissing:
      account_missing_->OnRejected(now, error);
      break;
    default:
      break;
  }
}

void HoldOffSource::OnTimeRejected(Now now, const Error& error) {
  const RejectedTime present{WallOffset(now), credential_->times_forgiven()};
  const std::optional<RejectedTime> before = std::exchange(rejected_time_, present);
  if (before && before->times_forgiven == present.times_forgiven &&
      !WasWallClockSet(before->wall_offset, present.wall_offset)) {
    credential_->OnRejected(now, error);
  }
}

HoldOffSource::Held HoldOffSource::InForce() const {
  const SteadyTime steady = clock_.SteadyNow();
  const std::array<const HoldOff*, 2> all = {credential_.get(), account_missing_.get()};
  for (const HoldOff* hold_off : all) {
    if (hold_off->Until() <= steady) continue;
    if (auto because = hold_off->Because({clock_.WallNow(), steady})) {
      return {std::move(because), hold_off->Until(), hold_off->Until() - steady};
    }
  }
  return {};
}

}  // namespace balance
