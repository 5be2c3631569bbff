#include "clients/redis/shared_source.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <list>
#include <optional>
#include <utility>
#include <variant>

#include "clients/core/alarm.h"
#include "clients/redis/signal.h"
#include "clients/resilience/growing_pause.h"
#include "clients/resilience/refusal.h"

namespace balance {
namespace {

namespace asio = boost::asio;
using std::chrono::milliseconds;
using std::chrono::seconds;

// Between two questions whether another replica has finished, besides listening.
constexpr Duration kFirstPause = milliseconds(50);
constexpr Duration kLeastPause = milliseconds(1);
constexpr Duration kLongestPause = milliseconds(200);

// Readings made alone are offered up to so long after Redis is back: so often they are tried.
constexpr Duration kLeastOfferPause = milliseconds(50);
constexpr Duration kMostOfferPause = seconds(1);

tl::unexpected<Error> OutOfTime(Duration retry_after) {
  return Refuse({ErrorKind::kFreshnessUnsatisfied,
                 "the rate budget that all replicas share allows no request in time; raise "
                 "requests_per_second or ask less often"},
                std::max(retry_after, Duration::zero()));
}

// Whether a failure says something about the login, so that it is every replica's.
bool IsOfTheLogin(const Error& error) {
  switch (error.kind) {
    case ErrorKind::kUnreachable:
    case ErrorKind::kUpstreamError:
    case ErrorKind::kReplyInvalid:
    case ErrorKind::kRateLimited:
    case ErrorKind::kCredentialsRejected:
    case ErrorKind::kForbidden:
    case ErrorKind::kAccountMissing:
      return !error.is_local && !error.may_be_configuration && !error.is_held_up;
    default:
      return false;
  }
}

// Whether the upstream will not take the secret for a while. A rejected time is this machine's own.
bool IsRejection(ErrorKind kind) {
  return kind == ErrorKind::kCredentialsRejected || kind == ErrorKind::kForbidden ||
         kind == ErrorKind::kAccountMissing;
}

}  // namespace

// Outlives the source by what is under way.
class SharedSource::State : public std::enable_shared_from_this<State> {
 public:
  State(LoopExecutor executor, std::unique_ptr<BalanceSource> next,
        std::shared_ptr<FleetStore> store, std::shared_ptr<ReserveBudget> reserve,
        Settings settings, Random random, Clock& clock)
      : executor_(executor),
        next_(std::move(next)),
        store_(std::move(store)),
        reserve_(std::move(reserve)),
        settings_(std::move(settings)),
        random_(std::move(random)),
        clock_(clock),
        offer_alarm_(executor_, clock) {}

  void Start() {
    listening_ = store_->Subscribe(settings_.names, [weak = weak_from_this()](FleetNews news) {
      if (const auto state = weak.lock()) state->Hear(std::move(news));
    });
  }

  void Stop() {
    listening_.reset();
    offer_alarm_.Cancel();
    own_.reset();
  }

  const BalanceSource& next() const { return *next_; }

  static asio::awaitable<Result<Reading>> Fetch(std::shared_ptr<State> self, FetchContext context) {
    const SteadyTime begun = self->clock_.SteadyNow();
    const SteadyTime observed_from = context.observed_from.value_or(begun);
    for (int waits = 0;; ++waits) {
      if (auto heard = self->HeardSince(observed_from, begun)) co_return *std::move(heard);
      auto acquired = co_await self->store_->Acquire(self->RequestOf(observed_from, begun));
      self->reserve_->SetCutOff(self->clock_.SteadyNow(), !acquired);
      if (!acquired) co_return co_await FetchAlone(self, context);
      if (auto* const grant = std::get_if<Granted>(&*acquired)) {
        auto fetched = co_await FetchGranted(self, context, std::move(*grant));
        if (fetched) co_return *std::move(fetched);
        continue;
      }
      if (std::holds_alternative<OutOfTurn>(*acquired) && self->IsForbiddenBelow()) {
        // With the failure that forbids it.
        co_return co_await self->next_->Fetch(context);
      }
      if (const auto until = self->NextQuestion(*acquired, waits)) {
        if (*until >= context.End()) co_return OutOfTime(*until - self->clock_.SteadyNow());
        if (std::holds_alternative<OutOfTurn>(*acquired)) context.progress->planned_send = *until;
        co_await Wait(self, *until);
        context.progress->planned_send.reset();
        continue;
      }
      co_return self->Answer(*std::move(acquired));
    }
  }

 private:
  AcquireRequest RequestOf(SteadyTime observed_from, SteadyTime begun) const {
    AcquireRequest request{settings_.names, settings_.owner};
    request.observed_from = observed_from;
    request.failed_from = begun;
    request.rate = settings_.rate;
    request.min_refresh_interval = settings_.min_refresh_interval;
    request.lease = settings_.refresh_budget + kLeaseMargin;
    // What is below may have turns of its own, and must not hold back what was granted.
    request.may_send = next_->Outlook().earliest <= clock_.SteadyNow();
    return request;
  }

  bool IsForbiddenBelow() const { return next_->Outlook().IsForbidden(clock_.SteadyNow()); }

  // What was published, if that is new enough: a failure only if it came during this fetch, which
  // has joined the one that failed then.
  std::optional<Result<Reading>> HeardSince(SteadyTime observed_from, SteadyTime begun) const {
    if (heard_reading_ && heard_reading_->observe_steady >= observed_from) return *heard_reading_;
    if (heard_failure_ && heard_failure_at_ > begun && heard_failure_->sent >= observed_from) {
      return tl::unexpected<Error>(heard_failure_->error);
    }
    return std::nullopt;
  }

  void Hear(FleetNews news) {
    if (auto* const reading = std::get_if<FleetReading>(&news)) {
      if (heard_reading_ && heard_reading_->observe_steady >= reading->reading.observe_steady)
        return;
      heard_reading_ = std::move(reading->reading);
    } else {
      heard_failure_ = std::move(std::get<FleetFailure>(news));
      heard_failure_at_ = clock_.SteadyNow();
    }
    for (Signal* const waiter : waiters_) waiter->Wake();
    waiters_.clear();
  }

  // What another replica, or the limits that it met, have to say.
  Result<Reading> Answer(Acquired acquired) const {
    const SteadyTime now = clock_.SteadyNow();
    if (auto* const reading = std::get_if<FleetReading>(&acquired)) return reading->reading;
    if (auto* const failure = std::get_if<FleetFailure>(&acquired)) {
      return tl::unexpected<Error>(std::move(failure->error));
    }
    auto& held = std::get<HeldOff>(acquired);
    Error because = held.because.value_or(
        Error{held.is_rejected ? ErrorKind::kCredentialsRejected : ErrorKind::kRateLimited,
              "another replica was told by the upstream to leave this login alone for a while"});
    return Refuse(std::move(because), std::max(held.until - now, Duration::zero()));
  }

  // When to ask again, if that may help: at the fleet's turn; while another replica has it, less
  // and less often at first, and when its lease ends.
  std::optional<SteadyTime> NextQuestion(const Acquired& acquired, int waits) const {
    const SteadyTime now = clock_.SteadyNow();
    SteadyTime next;
    if (const auto* const later = std::get_if<OutOfTurn>(&acquired)) {
      next = std::max(later->send_at, next_->Outlook().earliest);
    } else if (const auto* const busy = std::get_if<LeaseBusy>(&acquired)) {
      next = std::min(now + GrowingPause(kFirstPause, waits, kLongestPause), busy->lease_end);
    } else {
      return std::nullopt;
    }
    return std::max(next, now + kLeastPause);
  }

  static asio::awaitable<void> Wait(std::shared_ptr<State> self, SteadyTime until) {
    Signal news(self->executor_);
    Alarm end(self->executor_, self->clock_);
    end.Set(until, [&news] { news.Wake(); });
    const Place place(*self, news);
    co_await news.Wait();
  }

  // Among those who wait for news, as long as it lives.
  class Place {
   public:
    Place(State& state, Signal& signal) : state_(state), signal_(&signal) {
      state_.waiters_.push_back(signal_);
    }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place() { state_.waiters_.remove(signal_); }

   private:
    State& state_;
    Signal* const signal_;
  };

  // Gives the lease back, however the fetch ends, unless it was used up.
  class Lease {
   public:
    Lease(std::shared_ptr<State> state, Granted grant)
        : state_(std::move(state)), grant_(std::move(grant)) {}
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    ~Lease() {
      if (grant_)
        state_->Spawn(state_->store_->Release(state_->settings_.names, *std::move(grant_)));
    }

    const Granted& operator*() const { return *grant_; }
    Granted UseUp() { return *std::exchange(grant_, std::nullopt); }

   private:
    const std::shared_ptr<State> state_;
    std::optional<Granted> grant_;
  };

  // Unset: the grant has lapsed unused.
  static asio::awaitable<std::optional<Result<Reading>>> FetchGranted(std::shared_ptr<State> self,
                                                                      FetchContext context,
                                                                      Granted grant) {
    Lease lease(self, std::move(grant));
    const SteadyTime now = self->clock_.SteadyNow();
    const SendOutlook outlook = self->next_->Outlook();
    if (now > (*lease).send_by) co_return std::nullopt;
    // Somebody else had the turn below meanwhile.
    if (!outlook.IsForbidden(now) && outlook.earliest > (*lease).send_by) {
      co_return OutOfTime(outlook.earliest - now);
    }
    context.deadline = std::min(context.deadline, (*lease).lease_end - kGiveUpBefore);
    const auto sent_before = context.progress->sent_at;
    auto result = co_await self->next_->Fetch(context);
    if (context.progress->sent_at != sent_before) self->Tell(result, lease);
    co_return result;
  }

  // The caller does not wait for it.
  void Tell(const Result<Reading>& result, Lease& lease) {
    if (!result && !IsOfTheLogin(result.error())) return;
    StoreRequest request{settings_.names, {}, {}};
    if (result) {
      request.result = *result;
    } else {
      request.result = result.error();
      TellLimits(result.error());
    }
    request.grant = lease.UseUp();
    request.time_to_live = settings_.time_to_live;
    Spawn(store_->Store(std::move(request)));
  }

  // What is below has just learned for how long the upstream wants to be left alone.
  void TellLimits(const Error& error) {
    const SteadyTime now = clock_.SteadyNow();
    const SendOutlook outlook = next_->Outlook();
    if (!outlook.IsForbidden(now) || outlook.because->kind != error.kind) return;
    RateNews news{settings_.names};
    news.because = error;
    news.because.log_detail.clear();
    if (IsRejection(error.kind)) {
      news.hold_off = outlook.earliest - now;
    } else if (error.kind == ErrorKind::kRateLimited || error.retry_after) {
      news.pause = outlook.earliest - now;
    } else {
      return;
    }
    Spawn(store_->Rate(std::move(news)));
  }

  static asio::awaitable<Result<Reading>> FetchAlone(std::shared_ptr<State> self,
                                                     FetchContext context) {
    while (!self->IsForbiddenBelow()) {
      const SteadyTime now = self->clock_.SteadyNow();
      const SteadyTime turn = self->reserve_->Earliest();
      if (turn >= context.End()) co_return OutOfTime(turn - now);
      if (turn <= now) {
        self->reserve_->Take(now);
        break;
      }
      context.progress->planned_send = turn;
      co_await self->clock_.SleepUntil(turn);
      context.progress->planned_send.reset();
    }
    auto result = co_await self->next_->Fetch(context);
    if (result) self->OfferLater(*result);
    co_return result;
  }

  void OfferLater(Reading reading) {
    own_ = std::move(reading);
    const auto spread = static_cast<double>((kMostOfferPause - kLeastOfferPause).count());
    const auto jitter = Duration(static_cast<Duration::rep>(spread * random_()));
    offer_alarm_.Set(clock_.SteadyNow() + kLeastOfferPause + jitter, [this] {
      if (!own_) return;
      if (!store_->IsUsable()) return OfferLater(*std::exchange(own_, std::nullopt));
      StoreRequest request{settings_.names, {}, {}};
      request.result = *std::exchange(own_, std::nullopt);
      request.time_to_live = settings_.time_to_live;
      Spawn(store_->Store(std::move(request)));
    });
  }

  // What becomes of it is told by the store's own counters.
  template <typename T>
  void Spawn(asio::awaitable<T> work) {
    asio::co_spawn(executor_, std::move(work), asio::detached);
  }

  const LoopExecutor executor_;
  const std::unique_ptr<BalanceSource> next_;
  const std::shared_ptr<FleetStore> store_;
  const std::shared_ptr<ReserveBudget> reserve_;
  const Settings settings_;
  Random random_;
  Clock& clock_;
  std::unique_ptr<FleetStore::Subscription> listening_;
  // The newest that was heard.
  std::optional<Reading> heard_reading_;
  std::optional<FleetFailure> heard_failure_;
  SteadyTime heard_failure_at_ = SteadyTime::min();
  // Who waits for news.
  std::list<Signal*> waiters_;
  // What was read without Redis and was not offered yet.
  std::optional<Reading> own_;
  Alarm offer_alarm_;
};

SharedSource::SharedSource(LoopExecutor executor, std::unique_ptr<BalanceSource> next,
                           std::shared_ptr<FleetStore> store,
                           std::shared_ptr<ReserveBudget> reserve, Settings settings, Random random,
                           Clock& clock)
    : state_(std::make_shared<State>(executor, std::move(next), std::move(store),
                                     std::move(reserve), std::move(settings), std::move(random),
                                     clock)) {
  state_->Start();
}

SharedSource::~SharedSource() { state_->Stop(); }

asio::awaitable<Result<Reading>> SharedSource::Fetch(FetchContext context) {
  return State::Fetch(state_, context);
}

SendOutlook SharedSource::Outlook() const { return state_->next().Outlook(); }

}  // namespace balance
