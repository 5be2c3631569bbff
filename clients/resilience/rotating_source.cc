#include "clients/resilience/rotating_source.h"

#include <algorithm>
#include <utility>

namespace balance {
namespace {

// It is the credential that the upstream does not want, and another may do better. Not so where it
// knows the credential but no account: another one's account is no stand-in.
bool IsRefusal(const Error& error) {
  return error.kind == ErrorKind::kCredentialsRejected || error.kind == ErrorKind::kForbidden;
}

}  // namespace

RotatingSource::RotatingSource(std::unique_ptr<BalanceSource> current,
                               std::shared_ptr<BalanceSource> previous,
                               std::shared_ptr<Rotation> rotation,
                               std::shared_ptr<HoldOff> hold_off)
    : current_(std::move(current)),
      previous_(std::move(previous)),
      rotation_(std::move(rotation)),
      hold_off_(std::move(hold_off)) {}

boost::asio::awaitable<Result<Reading>> RotatingSource::Fetch(FetchContext context) {
  const auto sent_before = context.progress->sent_at;
  Result<Reading> result = co_await current_->Fetch(context);
  const auto previous = previous_;
  if (!previous) co_return result;
  if (result) End();
  if (result || !IsRefusal(result.error())) co_return result;
  const bool was_sent = context.progress->sent_at != sent_before;
  Result<Reading> older = co_await previous->Fetch(context);
  const bool is_refused = !older && IsRefusal(older.error());
  if (older) previous_served_ = true;
  if (older || is_refused) rotation_->NotePrevious(!is_refused);
  if (!is_refused) co_return older;
  if (std::exchange(previous_served_, false) && !was_sent) {
    hold_off_->Clear();
    result = co_await current_->Fetch(context);
    if (result) End();
  } else if (result.error().retry_after && older.error().retry_after) {
    result.error().retry_after = std::min(*result.error().retry_after, *older.error().retry_after);
  }
  co_return result;
}

SendOutlook RotatingSource::Outlook() const {
  SendOutlook outlook = current_->Outlook();
  if (!previous_ || !outlook.because || !IsRefusal(*outlook.because)) return outlook;
  SendOutlook older = previous_->Outlook();
  if (!older.because || !IsRefusal(*older.because)) return older;
  // One more try of the new one is due.
  if (previous_served_) return {};
  outlook.earliest = std::min(outlook.earliest, older.earliest);
  return outlook;
}

void RotatingSource::End() {
  previous_.reset();
  rotation_->End();
}

}  // namespace balance
