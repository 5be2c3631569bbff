#include "service/feed/source_feed.h"

#include <algorithm>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <cassert>
#include <cmath>
#include <exception>
#include <utility>

namespace balance {

namespace asio = boost::asio;

namespace {

bool IsSame(const SourceFailure& a, const SourceFailure& b) {
  return a.error.kind == b.error.kind && a.error.message == b.error.message &&
         a.next_attempt == b.next_attempt;
}

}  // namespace

SourceFeed::SourceFeed(LoopExecutor executor, Clock& clock, RefreshObserver& observer,
                       Options options, std::unique_ptr<BalanceSource> source, Random random,
                       std::function<void()> on_change)
    : executor_(std::move(executor)),
      clock_(clock),
      observer_(observer),
      options_(std::move(options)),
      source_(std::move(source)),
      random_(std::move(random)),
      on_change_(std::move(on_change)),
      freshness_(options_.info->LongestFresh()) {
  status_.info = options_.info;
  status_.path = options_.path;
  source_->Listen([this](std::optional<Reading> reading) { Hear(std::move(reading)); });
}

SourceFeed::~SourceFeed() { assert(running_ == 0); }

SteadyTime SourceFeed::AfterInterval() const {
  const SteadyTime now = clock_.SteadyNow();
  if (!status_.last_attempt) return now;
  return std::max(now, *status_.last_attempt + options_.info->cache.min_refresh_interval);
}

SteadyTime SourceFeed::EarliestSend() const {
  return std::max(AfterInterval(), source_->Outlook().earliest);
}

SteadyTime SourceFeed::EarliestSendFor(ObservedSince since) const {
  since = ObservedSince::Later(since, status_.NotOutdatedSince());
  if (flight_ && flight_->progress.sent_at) {
    if (Serves(*flight_, since)) return *flight_->progress.sent_at;
    return std::max(clock_.SteadyNow(),
                    *flight_->progress.sent_at + options_.info->cache.min_refresh_interval);
  }
  const SteadyTime now = clock_.SteadyNow();
  const SendOutlook outlook = source_->Outlook();
  // A fetch that a pause or an open breaker forbids fails immediately, so it can be "sent" now.
  if (outlook.IsForbidden(now)) return now;
  if (flight_ && flight_->progress.planned_send) return *flight_->progress.planned_send;
  return std::max(AfterInterval(), outlook.earliest);
}

SourceFeed::WaiterId SourceFeed::Wait(ObservedSince since, OnEnd on_end,
                                      const std::optional<TraceContext>& trace) {
  const WaiterId id = next_waiter_++;
  since = ObservedSince::Later(since, status_.NotOutdatedSince());
  if (flight_ && flight_->has_begun && !flight_->progress.sent_at && IsForbidden()) Restart();
  const auto add_to = [&](Waiters& waiters, Waited how) {
    waiters.emplace_hint(waiters.end(), id, Waiter{how, since, std::move(on_end)});
  };
  if (!flight_) {
    Waiters first;
    add_to(first, Waited::kStarted);
    StartFlight(std::move(first), false, since, trace);
  } else if (Serves(*flight_, since)) {
    add_to(flight_->waiters, Waited::kJoined);
    Join(*flight_, since);
    flight_->progress.SetUrgent(true);
  } else {
    if (!successor_.IsWanted()) successor_.trace = trace;
    add_to(successor_.waiters, successor_.IsWanted() ? Waited::kJoined : Waited::kStarted);
    successor_.since = ObservedSince::Later(successor_.since, since);
  }
  return id;
}

bool SourceFeed::Serves(const Flight& flight, ObservedSince since) {
  const FetchProgress& progress = flight.progress;
  if (!progress.sent_at) return !progress.granted_wall || since.wall <= *progress.granted_wall;
  return since.IsMetBy({progress.sent_wall, *progress.sent_at});
}

void SourceFeed::Join(Flight& flight, ObservedSince since) {
  if (flight.progress.sent_at) return;
  flight.progress.wanted =
      ObservedSince::Later(flight.progress.wanted.value_or(ObservedSince{}), since);
}

bool SourceFeed::IsWanted(const Flight& flight) {
  return flight.background || flight.watched || flight.progress.sent_at || !flight.waiters.empty();
}

ObservedSince SourceFeed::NewerThanKnown() const {
  const SteadyTime oldest = clock_.SteadyNow() - status_.FreshFor();
  ObservedSince since{.steady = oldest};
  if (status_.reading) {
    since.steady = std::max(oldest, status_.reading->observe_steady + Duration(1));
  }
  return ObservedSince::Later(since, status_.NotOutdatedSince());
}

void SourceFeed::Forget(WaiterId waiter) {
  if (ending_.erase(waiter) > 0 || successor_.waiters.erase(waiter) > 0) return;
  if (!flight_ || flight_->waiters.erase(waiter) == 0 || !flight_->waiters.empty()) return;
  flight_->progress.SetUrgent(false);
  if (!IsWanted(*flight_)) Abandon();
}

void SourceFeed::RefreshInBackground(ObservedSince since,
                                     const std::optional<TraceContext>& trace) {
  since = ObservedSince::Later(since, status_.NotOutdatedSince());
  if (!flight_) {
    if (!stopped_) StartFlight({}, true, since, trace);
  } else if (Serves(*flight_, since)) {
    flight_->background = true;
    Join(*flight_, since);
  } else {
    if (!successor_.IsWanted()) successor_.trace = trace;
    successor_.background = true;
    successor_.since = ObservedSince::Later(successor_.since, since);
  }
}

void SourceFeed::Watch(WatchedAge max_age) {
  if (stopped_) return;
  // NOLINTNEXTLINE(modernize-make-unique): Clang 14 cannot make an aggregate so.
  if (!watched_) watched_.reset(new Watched{{}, {}, Alarm(executor_, clock_)});
  watched_->pace.Add(max_age);
  CountWatched();
  PlanWatch();
}

void SourceFeed::Unwatch(WatchedAge max_age) {
  if (!watched_) return;
  watched_->pace.Remove(max_age);
  CountWatched();
  if (!watched_->pace.empty()) return PlanWatch();
  watched_.reset();
  if (!flight_ || !std::exchange(flight_->watched, false)) return;
  if (!IsWanted(*flight_)) Abandon();
}

void SourceFeed::PlanWatch(SteadyTime earliest) {
  if (!watched_ || stopped_) return;
  const Duration pace =
      watched_->pace.Get(status_.FreshFor(), options_.info->cache.min_refresh_interval);
  const SteadyTime now = clock_.SteadyNow();
  const SteadyTime next = std::max(earliest, NextWatchedRead(status_, pace, watched_->took, now));
  if (next <= now) return LookAfterWatched();
  watched_->alarm.Set(next, [this] { LookAfterWatched(); });
}

void SourceFeed::LookAfterWatched() {
  const Now now = clock_.Time();
  if (StandsForAttempts(status_, now)) {
    return PlanWatch(now.steady + options_.info->cache.min_refresh_interval);
  }
  // The end of a refresh plans the next.
  if (!flight_) StartFlight({}, false, NewerThanKnown());
  flight_->watched = true;
}

HintResult SourceFeed::Hint() {
  if (stopped_) return HintResult::kUnwanted;
  const Now now = clock_.Time();
  const Duration fresh_for = status_.FreshFor();
  if (status_.quiet_since) status_.quiet_since = now.steady;
  bool is_news = status_.FreshFor() != fresh_for;
  NoteFreshness();
  const bool is_wanted =
      watched_ || successor_.IsWanted() || (flight_ && !flight_->waiters.empty());
  HintResult result = HintResult::kUnwanted;
  if (is_wanted && !StandsForAttempts(status_, now)) {
    result = AnswerHint(now.steady);
  } else {
    if (is_wanted) result = HintResult::kForbidden;
    is_news |= NoteOutdated(now.steady);
  }
  if (is_news) on_change_();
  // What is not quiet any more may be due earlier.
  if (is_news && !flight_) PlanWatch();
  return result;
}

HintResult SourceFeed::AnswerHint(SteadyTime hinted_at) {
  open_hint_ = hinted_at;
  if (!flight_) {
    StartFlight({}, true, {.steady = hinted_at});
    flight_->hinted = true;
    return HintResult::kStarted;
  }
  if (Serves(*flight_, {.steady = hinted_at})) {
    flight_->background = true;
    Join(*flight_, {.steady = hinted_at});
    return HintResult::kJoined;
  }
  const bool follows = successor_.IsWanted();
  successor_.background = true;
  successor_.hinted = true;
  successor_.since = ObservedSince::Later(successor_.since, {.steady = hinted_at});
  return follows ? HintResult::kJoined : HintResult::kQueued;
}

bool SourceFeed::NoteOutdated(SteadyTime hinted_at) {
  const bool is_news = status_.reading && !status_.IsOutdated();
  status_.hinted_at = hinted_at;
  NoteFreshness();
  return is_news;
}

bool SourceFeed::SetQuietSince(std::optional<SteadyTime> quiet_since) {
  if (stopped_) return false;
  if (quiet_since != std::exchange(status_.quiet_since, quiet_since)) {
    NoteFreshness();
    on_change_();
    if (!flight_) PlanWatch();
  }
  return quiet_since && status_.reading && status_.reading->observe_steady < *quiet_since;
}

void SourceFeed::RefreshEarly() {
  if (!status_.reading || clock_.SteadyNow() < status_.early_refresh_at) return;
  status_.early_refresh_at = SteadyTime::max();
  const SendOutlook outlook = source_->Outlook();
  if (outlook.has_spare && !outlook.because && EarliestSend() <= clock_.SteadyNow()) {
    // One that runs is early enough.
    RefreshInBackground(NewerThanKnown());
  }
}

void SourceFeed::Adopt(const SourceStatus& known) {
  const auto info = std::move(status_.info);
  const auto path = std::move(status_.path);
  status_ = known;
  status_.info = info;
  status_.path = path;
  if (!status_.reading) return;
  freshness_.OnReading(status_.reading->observe_steady, clock_.SteadyNow());
  NoteFreshness();
}

void SourceFeed::NoteAsked(SteadyTime now) {
  const SteadyTime before = asked_at_.load(std::memory_order_relaxed);
  if (before != SteadyTime::min() && now < before + kFreshnessCount) return;
  asked_at_.store(now, std::memory_order_relaxed);
}

void SourceFeed::CountAsked() {
  const SteadyTime asked = asked_at_.load(std::memory_order_relaxed);
  if (asked != SteadyTime::min()) freshness_.Ask(asked);
}

void SourceFeed::CountWatched() {
  CountAsked();
  const bool is_watched = watched_ && !watched_->pace.empty();
  freshness_.SetWatched(is_watched
                            ? std::optional(watched_->pace.Get(
                                  status_.FreshFor(), options_.info->cache.min_refresh_interval))
                            : std::nullopt,
                        clock_.SteadyNow());
}

void SourceFeed::NoteFreshness() {
  CountAsked();
  const SteadyTime now = clock_.SteadyNow();
  freshness_.SetFreshFor(status_.IsOutdated() ? std::nullopt : std::optional(status_.FreshFor()),
                         now);
  if (watched_) CountWatched();
}

void SourceFeed::AddFreshness(SteadyTime now, FreshnessByKind& times) {
  CountAsked();
  FreshnessTimes mine = freshness_.Take(now);
  if (mine.in_demand <= Duration::zero()) return;
  if (status_.reading) mine.oldest = now - status_.reading->observe_steady;
  times[options_.info->kind] += mine;
}

void SourceFeed::Stop(std::function<void()> on_idle) {
  stopped_ = true;
  on_idle_ = std::move(on_idle);
  watched_.reset();
  if (flight_) Cancel(flight_);
  if (running_ == 0 && on_idle_) std::exchange(on_idle_, nullptr)();
}

void SourceFeed::StartFlight(Waiters waiters, bool background, ObservedSince since,
                             const std::optional<TraceContext>& trace) {
  flight_ = std::make_shared<Flight>();
  flight_->progress.wanted = since;
  flight_->progress.trace = trace;
  flight_->progress.urgent = !waiters.empty();
  flight_->waiters = std::move(waiters);
  flight_->background = background;
  const auto flight = flight_;
  ++running_;
  asio::co_spawn(executor_, RunFlight(flight),
                 asio::bind_cancellation_slot(flight->cancel.slot(),
                                              [this, flight](const std::exception_ptr& thrown) {
                                                // Only cancellation reaches this point as an
                                                // exception.
                                                if (thrown && flight_ == flight) Finish();
                                                EndWork();
                                              }));
}

void SourceFeed::StartSuccessor() {
  if (!successor_.IsWanted()) return;
  Successor next = std::exchange(successor_, {});
  StartFlight(std::move(next.waiters), next.background, next.since, next.trace);
  flight_->hinted = next.hinted;
}

void SourceFeed::Abandon() {
  const auto flight = std::exchange(flight_, nullptr);
  StartSuccessor();
  Cancel(flight);
}

void SourceFeed::Restart() {
  const auto flight = std::exchange(flight_, nullptr);
  StartFlight(std::move(flight->waiters), flight->background, *flight->progress.wanted,
              flight->progress.trace);
  flight_->watched = flight->watched;
  flight_->hinted = flight->hinted;
  Cancel(flight);
}

bool SourceFeed::IsForbidden() const { return source_->Outlook().IsForbidden(clock_.SteadyNow()); }

void SourceFeed::Cancel(std::shared_ptr<Flight> flight) {
  // It finds out for itself when it begins.
  if (!flight->has_begun) return;
  // Emitted from elsewhere, Asio would post the rest of it and not notice if the flight ends first.
  asio::dispatch(executor_, [flight = std::move(flight)] {
    flight->cancel.emit(asio::cancellation_type::terminal);
  });
}

asio::awaitable<void> SourceFeed::RunFlight(std::shared_ptr<Flight> flight) {
  // A wait never ends before Wait() has returned, however fast the source is.
  co_await asio::post(executor_, asio::use_awaitable);
  flight->has_begun = true;
  if (flight_ != flight) co_return;
  const SteadyTime turn = AfterInterval();
  if (turn > clock_.SteadyNow() && !stopped_ && !IsForbidden()) {
    co_await clock_.SleepUntil(turn);
  }
  if (flight_ != flight) co_return;
  if (stopped_) {
    Finish();
    co_return;
  }
  const SteadyTime started = clock_.SteadyNow();
  Result<Reading> result = co_await FetchOnce(*flight);
  // One that was abandoned, or that the stop interrupted, says nothing about the source.
  if (flight_ != flight) co_return;
  if (stopped_) {
    Finish();
  } else {
    Land(*flight, std::move(result), clock_.SteadyNow() - started);
  }
}

asio::awaitable<Result<Reading>> SourceFeed::FetchOnce(Flight& flight) {
  try {
    const FetchContext context{SteadyTime::max(), &flight.progress, options_.refresh_budget};
    co_return co_await source_->Fetch(context);
  } catch (const boost::system::system_error& error) {
    if (error.code() == asio::error::operation_aborted) throw;
    co_return balance::Fail(ErrorKind::kInternal, "the refresh ended with a system error");
  } catch (const std::exception&) {
    co_return balance::Fail(ErrorKind::kInternal, "the refresh ended with an unexpected exception");
  }
}

void SourceFeed::Land(Flight& flight, Result<Reading> result, Duration took) {
  const FetchProgress& progress = flight.progress;
  const auto sent_at = progress.shared_sent_at ? progress.shared_sent_at : progress.sent_at;
  bool is_news = true;
  if (!result) result.error().trace = flight.progress.trace;
  if (!sent_at && !result) {
    observer_.OnRefusal(status_, result.error());
    is_news = Fail(std::move(result.error()), false);
  } else {
    const SteadyTime sent = sent_at.value_or(clock_.SteadyNow());
    status_.last_attempt = std::max(status_.last_attempt, std::optional(sent));
    if (progress.shared_sent_at) {
      if (!IsKnown(result)) observer_.OnShared(status_, result);
    } else {
      observer_.OnRefresh(status_, result, took);
    }
    if (result) {
      if (flight.hinted && !progress.shared_sent_at) result->origin = ReadingOrigin::kPushHint;
      Accept(std::move(*result), sent);
      KeepUnserved(flight);
    } else {
      Fail(std::move(result.error()), true);
    }
  }
  is_news |= CloseHint();
  if (is_news) on_change_();
  if (watched_ && progress.sent_at) watched_->took = clock_.SteadyNow() - *progress.sent_at;
  Finish();
  // One that ended unsent may be tried again at once, as far as it is known: not without end.
  const Duration pause = std::max(options_.info->cache.min_refresh_interval, kLeastUnsentPause);
  PlanWatch(sent_at ? SteadyTime::min() : clock_.SteadyNow() + pause);
}

void SourceFeed::Hear(std::optional<Reading> reading) {
  if (stopped_) return;
  if (!reading) return RefreshInBackground(NewerThanKnown());
  const SteadyTime sent = reading->observe_steady + reading->cache_age;
  const Result<Reading> result = *std::move(reading);
  if (IsKnown(result)) return;
  observer_.OnShared(status_, result);
  status_.last_attempt = std::max(status_.last_attempt, std::optional(sent));
  Accept(*result, sent);
  on_change_();
  const bool is_posted = !ending_.empty();
  if (flight_) TakeServed(flight_->waiters);
  TakeServed(successor_.waiters);
  if (flight_ && !IsWanted(*flight_)) Abandon();
  if (!flight_) PlanWatch();
  EndWaitsSoon(is_posted);
}

bool SourceFeed::IsKnown(const Result<Reading>& result) const {
  return result && status_.reading && result->observe_steady <= status_.reading->observe_steady;
}

void SourceFeed::KeepUnserved(Flight& flight) {
  if (!flight.progress.sent_at || !flight.progress.granted_wall) return;
  for (auto next = flight.waiters.begin(); next != flight.waiters.end();) {
    const auto waiter = next++;
    const ObservedSince since = waiter->second.since;
    if (Serves(flight, since) || since.IsMetBy(status_.reading->Observed())) continue;
    successor_.since = ObservedSince::Later(successor_.since, since);
    successor_.waiters.insert(flight.waiters.extract(waiter));
  }
}

void SourceFeed::TakeServed(Waiters& waiters) {
  for (auto next = waiters.begin(); next != waiters.end();) {
    const auto waiter = next++;
    if (!waiter->second.since.IsMetBy(status_.reading->Observed())) continue;
    waiter->second.how = Waited::kJoined;
    ending_.insert(waiters.extract(waiter));
  }
}

// After the refresh that was to answer a hint: if it has not, what is known may no longer be true.
bool SourceFeed::CloseHint() {
  if (!open_hint_ || successor_.hinted) return false;
  const SteadyTime hint = *std::exchange(open_hint_, std::nullopt);
  if (!status_.reading || status_.reading->observe_steady >= hint) return false;
  status_.hinted_at = hint;
  NoteFreshness();
  return true;
}

void SourceFeed::Accept(Reading reading, SteadyTime sent) {
  // A later attempt may have failed before this reading came.
  const bool is_latest = sent >= *status_.last_attempt;
  if (is_latest) status_.failure = nullptr;
  if (status_.reading && reading.observe_steady <= status_.reading->observe_steady) {
    // The same one may come as an answer after it has come unasked.
    if (reading.observe_steady < status_.reading->observe_steady) observer_.OnDropped(status_);
    return;
  }
  if (is_latest) status_.is_rejected = false;
  status_.is_of_other_login = false;
  NoteCurrencies(reading);
  CountAsked();
  freshness_.OnReading(reading.observe_steady, clock_.SteadyNow());
  status_.reading = std::make_shared<const Reading>(std::move(reading));
  NoteFreshness();
  status_.early_refresh_at = EarlyRefreshAt(*status_.reading);
}

void SourceFeed::NoteCurrencies(const Reading& reading) {
  std::set<std::string> seen = status_.currencies ? *status_.currencies : std::set<std::string>();
  const std::size_t known = seen.size();
  for (const CurrencyBalance& balance : reading.balances) {
    if (!balance.HasCurrency() || balance.currency_code == kAlwaysPresentCurrency) continue;
    seen.insert(balance.currency_code);
  }
  if (seen.size() == known) return;
  status_.currencies = std::make_shared<const std::set<std::string>>(std::move(seen));
}

// Optimal probabilistic early expiry (XFetch) with one draw a reading: the longer a fetch takes,
// the earlier it begins. It is drawn where the reading was fetched alone: if each replica drew, the
// earliest of all draws would count.
SteadyTime SourceFeed::EarlyRefreshAt(const Reading& reading) {
  if (reading.origin == ReadingOrigin::kSharedCache) return SteadyTime::max();
  const Duration took = clock_.SteadyNow() - (reading.observe_steady + reading.cache_age);
  const double factor = -std::log(1 - random_());
  const Duration fresh_for = status_.FreshFor();
  const double early =
      std::min(static_cast<double>(took.count()) * factor, static_cast<double>(fresh_for.count()));
  return reading.observe_steady + fresh_for -
         Duration(static_cast<Duration::rep>(std::max(0.0, early)));
}

bool SourceFeed::Fail(Error error, bool was_sent) {
  auto failure = std::make_shared<SourceFailure>();
  const Now now = clock_.Time();
  const bool first = !status_.failure;
  failure->first_failure_time = first ? now.wall : *status_.failure->first_failure_time;
  failure->consecutive_failures =
      (first ? 0 : status_.failure->consecutive_failures) + (was_sent ? 1 : 0);
  const SendOutlook outlook = source_->Outlook();
  const SteadyTime interval_end = AfterInterval();
  failure->next_attempt = std::max(
      {interval_end, outlook.earliest, now.steady + error.retry_after.value_or(Duration::zero())});
  failure->next_turn = outlook.because ? interval_end : std::max(interval_end, outlook.earliest);
  failure->next_attempt_time = now.wall + (failure->next_attempt - now.steady);
  failure->error = std::move(error);
  failure->error.retry_after.reset();
  if (!TraitsOf(failure->error.kind).heals) {
    status_.is_rejected = true;
    NoteFreshness();
  }
  if (!was_sent && !first && IsSame(*failure, *status_.failure)) return false;
  status_.failure = std::move(failure);
  return true;
}

void SourceFeed::Finish() {
  const auto flight = std::exchange(flight_, nullptr);
  if (stopped_) {
    flight->waiters.merge(successor_.waiters);
    successor_ = {};
  } else {
    StartSuccessor();
  }
  const bool is_posted = !ending_.empty();
  ending_.merge(flight->waiters);
  EndWaitsSoon(is_posted);
}

void SourceFeed::EndWaitsSoon(bool is_posted) {
  if (!is_posted) EndWaits();
}

void SourceFeed::EndWaits() {
  for (int i = 0; i < kEndedAtOnce && !ending_.empty(); ++i) {
    const Waiters::node_type next = ending_.extract(ending_.begin());
    next.mapped().on_end(next.mapped().how);
  }
  if (ending_.empty()) return;
  ++running_;
  asio::post(executor_, [this] {
    EndWaits();
    EndWork();
  });
}

void SourceFeed::EndWork() {
  if (--running_ == 0 && on_idle_) std::exchange(on_idle_, nullptr)();
}

}  // namespace balance
