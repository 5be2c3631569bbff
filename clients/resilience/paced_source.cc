#include "clients/resilience/paced_source.h"

#include <utility>

namespace balance {

PacedSource::PacedSource(std::unique_ptr<BalanceSource> next, std::shared_ptr<Pacer> pacer,
                         Clock& clock)
    : next_(std::move(next)), pacer_(std::move(pacer)), clock_(clock) {}

boost::asio::awaitable<Result<Reading>> PacedSource::Fetch(FetchContext context) {
  const SteadyTime now = clock_.SteadyNow();
  const SteadyTime turn = pacer_->EarliestSend(now);
  if (turn >= context.deadline) {
    Error error{ErrorKind::kFreshnessUnsatisfied,
                "the rate budget of the credential allows no request in time; raise "
                "requests_per_second or ask less often",
                turn - now,
                {}};
    co_return tl::unexpected<Error>(std::move(error));
  }
  pacer_->Take(now);
  if (turn > now) co_await clock_.SleepUntil(turn);
  co_return co_await next_->Fetch(context);
}

}  // namespace balance
