#include "service/feed/source_feed.h"

#include <algorithm>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <cassert>
#include <exception>
#include <iterator>
#include <utility>

namespace balance {

namespace asio = boost::asio;

SourceFeed::SourceFeed(asio::any_io_executor executor, Clock& clock, RefreshObserver& observer,
                       Options options, std::unique_ptr<BalanceSource> source,
                       std::function<void()> on_change)
    : executor_(std::move(executor)),
      clock_(clock),
      observer_(observer),
      options_(std::move(options)),
      source_(std::move(source)),
      on_change_(std::move(on_change)) {
  status_.info = options_.info;
}

SourceFeed::~SourceFeed() { assert(!flight_); }

SteadyTime SourceFeed::EarliestSend() const {
  const SteadyTime now = clock_.SteadyNow();
  if (!status_.last_attempt) return now;
  return std::max(now, *status_.last_attempt + options_.info->cache.min_refresh_interval);
}

SteadyTime SourceFeed::EarliestSendFor(SteadyTime oldest) const {
  if (!flight_) return EarliestSend();
  if (!flight_->progress.sent_at) return EarliestSend();
  if (*flight_->progress.sent_at >= oldest) return *flight_->progress.sent_at;
  return std::max(clock_.SteadyNow(),
                  *flight_->progress.sent_at + options_.info->cache.min_refresh_interval);
}

SourceFeed::WaiterId SourceFeed::Wait(SteadyTime oldest, OnEnd on_end) {
  const WaiterId id = next_waiter_++;
  if (!flight_) {
    std::vector<Waiter> first;
    first.push_back({id, Waited::kStarted, std::move(on_end)});
    StartFlight(std::move(first), false);
  } else if (!flight_->progress.sent_at || *flight_->progress.sent_at >= oldest) {
    flight_->waiters.push_back({id, Waited::kJoined, std::move(on_end)});
  } else {
    const Waited how = successors_.empty() ? Waited::kStarted : Waited::kJoined;
    successors_.push_back({id, how, std::move(on_end)});
  }
  return id;
}

void SourceFeed::Forget(WaiterId waiter) {
  const auto is_waiter = [waiter](const Waiter& candidate) { return candidate.id == waiter; };
  if (flight_) std::erase_if(flight_->waiters, is_waiter);
  std::erase_if(successors_, is_waiter);
}

void SourceFeed::RefreshInBackground() {
  if (!flight_) StartFlight({}, true);
}

void SourceFeed::Stop() {
  stopped_ = true;
  if (!flight_) return;
  // Emitted from elsewhere, Asio would post the rest of it and not notice if the flight ends first.
  asio::dispatch(executor_,
                 [flight = flight_] { flight->cancel.emit(asio::cancellation_type::terminal); });
}

void SourceFeed::StartFlight(std::vector<Waiter> waiters, bool background) {
  flight_ = std::make_shared<Flight>();
  flight_->waiters = std::move(waiters);
  flight_->background = background;
  const auto flight = flight_;
  asio::co_spawn(executor_, RunFlight(),
                 asio::bind_cancellation_slot(flight->cancel.slot(),
                                              [this, flight](const std::exception_ptr& thrown) {
                                                // Only cancellation reaches this point as an
                                                // exception.
                                                if (!thrown || flight_ != flight) return;
                                                Finish();
                                              }));
}

asio::awaitable<void> SourceFeed::RunFlight() {
  const auto flight = flight_;
  // A wait never ends before Wait() has returned, however fast the source is.
  co_await asio::post(executor_, asio::use_awaitable);
  const SteadyTime turn = EarliestSend();
  if (!stopped_ && turn > clock_.SteadyNow()) co_await clock_.SleepUntil(turn);
  if (stopped_ || (flight->waiters.empty() && !flight->background)) {
    Finish();
    co_return;
  }
  const SteadyTime started = clock_.SteadyNow();
  status_.last_attempt = started;
  auto result = co_await FetchOnce(started + options_.refresh_budget);
  // A refresh that the stop interrupted says nothing about the source.
  if (stopped_) {
    Finish();
    co_return;
  }
  Land(std::move(result), clock_.SteadyNow() - started);
}

asio::awaitable<Result<Reading>> SourceFeed::FetchOnce(SteadyTime deadline) {
  try {
    const FetchContext context{deadline, &flight_->progress};
    co_return co_await source_->Fetch(context);
  } catch (const boost::system::system_error& error) {
    if (error.code() == asio::error::operation_aborted) throw;
    co_return balance::Fail(ErrorKind::kInternal, "the refresh ended with a system error");
  } catch (const std::exception&) {
    co_return balance::Fail(ErrorKind::kInternal, "the refresh ended with an unexpected exception");
  }
}

void SourceFeed::Land(Result<Reading> result, Duration took) {
  if (flight_->progress.sent_at) status_.last_attempt = *flight_->progress.sent_at;
  observer_.OnRefresh(status_, result, took);
  if (result) {
    Accept(std::move(*result));
  } else {
    Fail(std::move(result.error()));
  }
  on_change_();
  Finish();
}

void SourceFeed::Accept(Reading reading) {
  status_.failure = nullptr;
  if (status_.reading && reading.observe_steady <= status_.reading->observe_steady) return;
  status_.reading = std::make_shared<const Reading>(std::move(reading));
}

void SourceFeed::Fail(Error error) {
  auto failure = std::make_shared<SourceFailure>();
  const Now now{clock_.WallNow(), clock_.SteadyNow()};
  const bool first = !status_.failure;
  failure->first_failure_time = first ? now.wall : *status_.failure->first_failure_time;
  failure->consecutive_failures = first ? 1 : status_.failure->consecutive_failures + 1;
  failure->next_attempt_time = now.wall + (EarliestSend() - now.steady);
  failure->error = std::move(error);
  if (TraitsOf(failure->error.kind).heals) {
    failure->error.retry_after = std::max(failure->error.retry_after.value_or(Duration::zero()),
                                          options_.info->cache.min_refresh_interval);
  }
  status_.failure = std::move(failure);
}

void SourceFeed::Finish() {
  const auto flight = std::exchange(flight_, nullptr);
  std::vector<Waiter> successors = std::exchange(successors_, {});
  if (stopped_) {
    std::move(successors.begin(), successors.end(), std::back_inserter(flight->waiters));
  } else if (!successors.empty()) {
    StartFlight(std::move(successors), false);
  }
  for (Waiter& waiter : flight->waiters) waiter.on_end(waiter.how);
}

}  // namespace balance
