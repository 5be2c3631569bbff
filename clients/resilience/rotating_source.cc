#include "clients/resilience/rotating_source.h"

#include <utility>

namespace balance {

RotatingSource::RotatingSource(std::unique_ptr<BalanceSource> current,
                               std::shared_ptr<BalanceSource> previous,
                               std::shared_ptr<Rotation> rotation)
    : current_(std::move(current)),
      previous_(std::move(previous)),
      rotation_(std::move(rotation)) {}

boost::asio::awaitable<Result<Reading>> RotatingSource::Fetch(FetchContext context) {
  Result<Reading> result = co_await current_->Fetch(context);
  const auto previous = previous_;
  if (!previous) co_return result;
  if (result) {
    End();
    co_return result;
  }
  if (result.error().kind != ErrorKind::kCredentialsRejected) co_return result;
  Result<Reading> older = co_await previous->Fetch(context);
  if (!older && older.error().kind == ErrorKind::kCredentialsRejected) {
    End();
    co_return result;
  }
  if (older && !rotation_->IsOver()) rotation_->NotePrevious();
  co_return older;
}

SendOutlook RotatingSource::Outlook() const {
  SendOutlook outlook = current_->Outlook();
  if (!previous_ || !outlook.because || outlook.because->kind != ErrorKind::kCredentialsRejected) {
    return outlook;
  }
  return previous_->Outlook();
}

void RotatingSource::End() {
  previous_.reset();
  rotation_->End();
}

}  // namespace balance
