#include "clients/redis/login_news.h"

#include <utility>
#include <variant>

#include "clients/core/alarm.h"
#include "clients/redis/signal.h"

namespace balance {

Result<Reading> TakeShared(Reading reading, FetchProgress& progress) {
  progress.shared_sent_at = reading.observe_steady + reading.cache_age;
  return reading;
}

Result<Reading> TakeShared(FleetFailure failure, FetchProgress& progress) {
  progress.shared_sent_at = failure.sent;
  return tl::unexpected<Error>(std::move(failure.error));
}

LoginNews::LoginNews(LoopExecutor executor, Clock& clock)
    : executor_(std::move(executor)), clock_(clock) {}

bool LoginNews::Keep(FleetNews news) {
  ++count_;
  auto* const told = std::get_if<FleetReading>(&news);
  if (!told) {
    failure_ = std::move(std::get<FleetFailure>(news));
    failed_at_ = clock_.SteadyNow();
    return false;
  }
  if (reading_ && reading_->observe_steady >= told->reading.observe_steady) return false;
  reading_ = std::move(told->reading);
  return true;
}

void LoginNews::EndWaits() {
  for (const Place* const place : std::exchange(waiting_, {})) place->wake_();
}

std::optional<Result<Reading>> LoginNews::Since(ObservedSince wanted, SteadyTime begun,
                                                FetchProgress& progress) const {
  if (reading_ && wanted.IsMetBy(reading_->Observed())) return TakeShared(*reading_, progress);
  if (failure_ && failed_at_ > begun && failure_->sent >= wanted.steady) {
    return TakeShared(*failure_, progress);
  }
  return std::nullopt;
}

boost::asio::awaitable<void> LoginNews::Wait(SteadyTime until, std::uint64_t count) {
  if (count_ != count) co_return;
  Signal message(executor_);
  Alarm end(executor_, clock_);
  end.Set(until, [&message] { message.Wake(); });
  const Place place(*this, [&message] { message.Wake(); });
  co_await message.Wait();
}

LoginNews::Place::Place(LoginNews& news, std::function<void()> wake)
    : news_(news), wake_(std::move(wake)) {
  news_.waiting_.push_back(this);
}

LoginNews::Place::~Place() { news_.waiting_.remove(this); }

}  // namespace balance
