#include "clients/redis/shared_source.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <cstdint>
#include <functional>
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

// Between two looks whether Redis is back.
constexpr Duration kFirstLook = milliseconds(10);
constexpr Duration kLongestLook = milliseconds(250);
// Number of looks before anybody is told when a request will be sent without it.
constexpr int kWaitsToPlan = 5;

// How long a pace is heeded by all after it was told last.
constexpr Duration kSlowFor = seconds(30);

// Between a replica's name and the number of its source.
constexpr char kOwnerSeparator = '/';

// Pause before what was read without Redis is stored there, and between two looks whether it can
// be: random, so that replicas for which Redis is back at one moment do not all write at one
// moment.
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

// Whether others who ask for the login would meet the same. A rejection is about the secret, and
// theirs may be another one.
bool IsWorthSharing(const Error& error) { return IsOfTheLogin(error) && !IsRejection(error.kind); }

}  // namespace

// Outlives the source by what is under way.
class SharedSource::State : public std::enable_shared_from_this<State> {
 public:
  State(LoopExecutor executor, std::unique_ptr<BalanceSource> next,
        std::shared_ptr<FleetStore> store, std::shared_ptr<ReserveBudget> reserve,
        std::shared_ptr<FleetLogin> login, Settings settings, Random random, Clock& clock)
      : executor_(executor),
        next_(std::move(next)),
        store_(std::move(store)),
        reserve_(std::move(reserve)),
        login_(std::move(login)),
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
    on_reading_ = nullptr;
    offer_alarm_.Cancel();
    own_.reset();
  }

  void Listen(OnReading on_reading) { on_reading_ = std::move(on_reading); }

  SendOutlook Outlook() const {
    const SteadyTime now = clock_.SteadyNow();
    SendOutlook outlook = next_->Outlook();
    if (outlook.IsForbidden(now) && store_->IsUsable()) {
      outlook.earliest = SteadyTime::min();
      outlook.because = nullptr;
      outlook.has_spare = false;
    }
    outlook.has_spare = outlook.has_spare && login_->HasSpare(now);
    return outlook;
  }

  static asio::awaitable<Result<Reading>> Fetch(std::shared_ptr<State> self, FetchContext context) {
    const SteadyTime begun = self->clock_.SteadyNow();
    FetchProgress* const progress = context.progress;
    const std::shared_ptr<void> leaving(nullptr,
                                        [progress](void*) { progress->connection.reset(); });
    progress->shared_sent_at.reset();
    progress->granted_wall.reset();
    for (int waits = 0;; ++waits) {
      const ObservedSince wanted = WantedBy(context, begun);
      if (auto heard = self->HeardSince(wanted, begun, *context.progress)) {
        co_return *std::move(heard);
      }
      co_await TakeFreeConnection(self, context);
      AcquireRequest request = self->RequestOf(wanted, begun);
      request.may_send = context.progress->connection != nullptr;
      auto fetched = co_await FetchOnce(self, context, std::move(request), waits);
      if (!fetched) continue;
      // Somebody who wants a newer one has joined meanwhile.
      if (*fetched && context.progress->shared_sent_at &&
          !WantedBy(context, begun).IsMetBy((*fetched)->Observed())) {
        context.progress->shared_sent_at.reset();
        continue;
      }
      co_return *std::move(fetched);
    }
  }

 private:
  static ObservedSince WantedBy(const FetchContext context, SteadyTime begun) {
    const ObservedSince wanted = context.progress->wanted.value_or(ObservedSince{begun});
    return ObservedSince::Later(wanted, ObservedSince{context.observed_from});
  }

  AcquireRequest RequestOf(ObservedSince wanted, SteadyTime begun) const {
    AcquireRequest request{settings_.names, settings_.owner};
    request.observed_from = wanted.steady;
    if (wanted.wall > WallTime::min()) request.observed_from_redis = ToRedisTime(wanted.wall);
    request.failed_from = begun;
    request.rate = settings_.rate;
    request.min_refresh_interval = settings_.min_refresh_interval;
    request.lease = settings_.refresh_budget + kLeaseMargin;
    return request;
  }

  // What is below has turns and connections of its own, and must not hold back what was granted: so
  // a connection is in hand before a grant is asked for, and given back where it is of no use yet.
  static asio::awaitable<void> TakeFreeConnection(std::shared_ptr<State> self,
                                                  FetchContext context) {
    if (self->next_->Outlook().earliest > self->clock_.SteadyNow()) {
      context.progress->connection.reset();
    } else if (!context.progress->connection) {
      FetchContext now = context;
      now.deadline = SteadyTime::min();
      context.progress->connection = co_await self->next_->AwaitConnection(now);
    }
  }

  // Asks the other replicas once, and does what their answer leads to. Unset: to be asked again.
  static asio::awaitable<std::optional<Result<Reading>>> FetchOnce(std::shared_ptr<State> self,
                                                                   FetchContext context,
                                                                   AcquireRequest request,
                                                                   int waits) {
    const std::uint64_t messages = self->messages_;
    auto acquired = co_await Ask(self, std::move(request));
    self->reserve_->SetCutOff(self->clock_.SteadyNow(), !acquired);
    if (!acquired) co_return co_await FetchAlone(self, context);
    self->Note(*acquired);
    // Before anything can throw: a lease that is lost keeps the others waiting.
    const std::shared_ptr<Lease> lease = LeaseOf(self, *acquired);
    if (lease) co_return co_await FetchGranted(self, context, lease);
    co_return co_await Follow(self, context, *std::move(acquired), waits, messages);
  }

  bool IsForbiddenBelow() const { return next_->Outlook().IsForbidden(clock_.SteadyNow()); }

  // The failure that forbids requests below, if one does. Nothing is sent: a fetch might just be
  // allowed again, and would be one that no budget knows of.
  std::optional<Result<Reading>> RefusalBelow() const {
    const SteadyTime now = clock_.SteadyNow();
    const SendOutlook outlook = next_->Outlook();
    if (!outlook.IsForbidden(now)) return std::nullopt;
    return Refuse(*outlook.because, outlook.earliest - now);
  }

  // A question that outlives whoever asks: giving it up would end the connection for all.
  struct Question {
    // Null: nobody waits for the answer any more.
    Signal* waiter = nullptr;
    std::optional<RedisResult<Acquired>> answer;
  };

  static asio::awaitable<RedisResult<Acquired>> Ask(std::shared_ptr<State> self,
                                                    AcquireRequest request) {
    const auto question = std::make_shared<Question>();
    Signal answered(self->executor_);
    question->waiter = &answered;
    const std::shared_ptr<void> leaving(nullptr, [question](void*) { question->waiter = nullptr; });
    asio::co_spawn(self->executor_, Answer(self, std::move(request), question), asio::detached);
    co_await answered.Wait();
    co_return *std::move(question->answer);
  }

  static asio::awaitable<void> Answer(std::shared_ptr<State> self, AcquireRequest request,
                                      std::shared_ptr<Question> question) {
    auto acquired = co_await self->store_->Acquire(std::move(request));
    if (question->waiter) {
      question->answer = std::move(acquired);
      question->waiter->Wake();
    } else if (auto* const grant = acquired ? std::get_if<Granted>(&*acquired) : nullptr) {
      co_await self->store_->Release(self->settings_.names, std::move(*grant));
    }
  }

  // What was published, if that is new enough: a failure only if it came during this fetch, which
  // has joined the one that failed then.
  std::optional<Result<Reading>> HeardSince(ObservedSince wanted, SteadyTime begun,
                                            FetchProgress& progress) const {
    if (heard_reading_ && wanted.IsMetBy(heard_reading_->Observed())) {
      return Shared(*heard_reading_, progress);
    }
    if (heard_failure_ && heard_failure_at_ > begun && heard_failure_->sent >= wanted.steady) {
      return Shared(*heard_failure_, progress);
    }
    return std::nullopt;
  }

  // The outcome of another replica's request.
  static Result<Reading> Shared(Reading reading, FetchProgress& progress) {
    progress.shared_sent_at = reading.observe_steady + reading.cache_age;
    return reading;
  }
  static Result<Reading> Shared(FleetFailure failure, FetchProgress& progress) {
    progress.shared_sent_at = failure.sent;
    return tl::unexpected<Error>(std::move(failure.error));
  }

  void Hear(FleetNews news) {
    const RedisTime observed = std::visit([](const auto& each) { return each.observed; }, news);
    if (observed == own_observed_) return;
    login_->ClearHolder();
    ++messages_;
    if (auto* const reading = std::get_if<FleetReading>(&news)) {
      HearReading(std::move(reading->reading));
    } else {
      heard_failure_ = std::move(std::get<FleetFailure>(news));
      heard_failure_at_ = clock_.SteadyNow();
      login_->NoteRequest(heard_failure_->sent);
    }
    for (const Place* const place : std::exchange(waiting_, {})) place->Wake();
  }

  void HearReading(Reading reading) {
    login_->NoteRequest(reading.observe_steady + reading.cache_age);
    if (heard_reading_ && heard_reading_->observe_steady >= reading.observe_steady) return;
    // The login serves again.
    held_.reset();
    login_->ClearHeld();
    heard_reading_ = std::move(reading);
    if (on_reading_) on_reading_(*heard_reading_);
  }

  // Has those who watch know it.
  void Note(const Acquired& acquired) {
    held_.reset();
    if (const auto* const held = std::get_if<HeldOff>(&acquired)) {
      held_ = *held;
      held->is_rejected ? login_->SetRejected(held->until) : login_->SetPaused(held->until);
      return;
    }
    login_->ClearHeld();
    if (const auto* const grant = std::get_if<Granted>(&acquired)) {
      login_->SetHolder(std::string(ReplicaOf(settings_.owner)), grant->lease_end);
      login_->SetBudgetFullAt(grant->budget_full_at);
    } else if (const auto* const busy = std::get_if<LeaseBusy>(&acquired)) {
      login_->SetHolder(std::string(ReplicaOf(busy->owner)), busy->lease_end);
    } else if (const auto* const later = std::get_if<OutOfTurn>(&acquired)) {
      login_->SetBudgetFullAt(later->budget_full_at);
      login_->ClearHolder();
    } else {
      login_->ClearHolder();
    }
  }

  // What an answer without a grant leads to. Unset: to be asked again.
  static asio::awaitable<std::optional<Result<Reading>>> Follow(std::shared_ptr<State> self,
                                                                FetchContext context,
                                                                Acquired acquired, int waits,
                                                                std::uint64_t messages) {
    if (std::holds_alternative<OutOfTurn>(acquired)) {
      if (auto refusal = self->RefusalBelow()) co_return refusal;
      if (!context.progress->connection && self->IsDue(std::get<OutOfTurn>(acquired).send_at)) {
        co_return co_await AwaitConnection(self, context, messages);
      }
    }
    // Others can use it during the wait.
    context.progress->connection.reset();
    if (const auto until = self->NextQuestion(acquired, waits)) {
      if (*until >= context.End()) co_return OutOfTime(*until - self->clock_.SteadyNow());
      if (std::holds_alternative<OutOfTurn>(acquired)) context.progress->planned_send = *until;
      co_await Wait(self, *until, messages);
      context.progress->planned_send.reset();
      co_return std::nullopt;
    }
    if (auto* const reading = std::get_if<FleetReading>(&acquired)) {
      co_return Shared(std::move(reading->reading), *context.progress);
    }
    if (auto* const failure = std::get_if<FleetFailure>(&acquired)) {
      co_return Shared(std::move(*failure), *context.progress);
    }
    const auto& held = std::get<HeldOff>(acquired);
    if (!self->IsForgiven(held)) co_return self->Refusal(held);
    RateNews news{self->settings_.names};
    news.is_accepted = true;
    self->told_rejection_until_ = SteadyTime::min();
    self->Spawn(self->store_->Rate(std::move(news)));
    co_return std::nullopt;
  }

  // Whether it was this source that told of the rejection, and what is below would try the secret
  // again by now: the credential before it has ended, or another source was served.
  bool IsForgiven(const HeldOff& held) const {
    return held.is_rejected && told_rejection_until_ > clock_.SteadyNow() && !IsForbiddenBelow();
  }

  // What the limits that another replica met have to say.
  Result<Reading> Refusal(const HeldOff& held) const {
    Error because = held.because.value_or(
        Error{held.is_rejected ? ErrorKind::kCredentialsRejected : ErrorKind::kRateLimited,
              "another replica was told by the upstream to leave this login alone for a while"});
    return Refuse(std::move(because), std::max(held.until - clock_.SteadyNow(), Duration::zero()));
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

  // Whether a request could be sent now, by the turn of the fleet and those below.
  bool IsDue(SteadyTime turn) const {
    return std::max(turn, next_->Outlook().earliest) <= clock_.SteadyNow();
  }

  // Waits until then, or until a message comes that is not one of the first `messages`.
  static asio::awaitable<void> Wait(std::shared_ptr<State> self, SteadyTime until,
                                    std::uint64_t messages) {
    if (self->messages_ != messages) co_return;
    Signal message(self->executor_);
    Alarm end(self->executor_, self->clock_);
    end.Set(until, [&message] { message.Wake(); });
    const Place place(*self, [&message] { message.Wake(); });
    co_await message.Wait();
  }

  // The same for a connection, which `context.progress` then has. An error: there is none in time.
  static asio::awaitable<std::optional<Result<Reading>>> AwaitConnection(
      std::shared_ptr<State> self, FetchContext context, std::uint64_t messages) {
    if (self->messages_ != messages) co_return std::nullopt;
    FetchProgress* const progress = context.progress;
    const Place place(*self, [progress] {
      if (progress->on_forbidden) progress->on_forbidden();
    });
    context.progress->connection = co_await self->next_->AwaitConnection(context);
    if (context.progress->connection || self->clock_.SteadyNow() < context.End())
      co_return std::nullopt;
    co_return NoConnection();
  }

  // The place of one who waits for a message, as long as it lives.
  class Place {
   public:
    Place(State& state, std::function<void()> wake) : state_(state), wake_(std::move(wake)) {
      state_.waiting_.push_back(this);
    }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place() { state_.waiting_.remove(this); }

    void Wake() const { wake_(); }

   private:
    State& state_;
    const std::function<void()> wake_;
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
      state_->login_->ClearHolder();
    }

    const Granted& operator*() const { return *grant_; }
    Granted UseUp() { return *std::exchange(grant_, std::nullopt); }

   private:
    const std::shared_ptr<State> state_;
    std::optional<Granted> grant_;
  };

  // Null: nothing was granted.
  static std::shared_ptr<Lease> LeaseOf(const std::shared_ptr<State>& self, Acquired& acquired) {
    auto* const grant = std::get_if<Granted>(&acquired);
    return grant ? std::make_shared<Lease>(self, std::move(*grant)) : nullptr;
  }

  // Unset: the grant has lapsed unused.
  static asio::awaitable<std::optional<Result<Reading>>> FetchGranted(
      std::shared_ptr<State> self, FetchContext context, std::shared_ptr<Lease> lease) {
    const Granted& grant = **lease;
    const SteadyTime now = self->clock_.SteadyNow();
    const SendOutlook outlook = self->next_->Outlook();
    if (now > grant.send_by) co_return std::nullopt;
    // Somebody else had the turn below meanwhile: the next question says so.
    if (!outlook.IsForbidden(now) && outlook.earliest > grant.send_by) co_return std::nullopt;
    const SteadyTime end = context.End();
    context.deadline = std::min(context.deadline, grant.lease_end - kGiveUpBefore);
    context.send_by = grant.send_by;
    context.progress->granted_wall = ToWallTime(grant.observed);
    const auto sent_before = context.progress->sent_at;
    auto result = co_await self->next_->Fetch(context);
    if (context.progress->sent_at == sent_before) context.progress->granted_wall.reset();
    if (context.progress->sent_at != sent_before) {
      self->Tell(result, *lease, *context.progress);
    } else if (self->HasLapsed(result, end)) {
      co_return std::nullopt;
    }
    co_return result;
  }

  // Whether the turn below came too late for `send_by`, but not for who asks, whose time is up at
  // `end`. REQUIRES: nothing was sent.
  bool HasLapsed(const Result<Reading>& result, SteadyTime end) const {
    return !result && result.error().kind == ErrorKind::kFreshnessUnsatisfied &&
           clock_.SteadyNow() < end;
  }

  // What a granted request brought. The caller does not wait for it.
  void Tell(Result<Reading>& result, Lease& lease, const FetchProgress& progress) {
    TellLimits(result, progress);
    if (!result && !IsWorthSharing(result.error())) return;
    StoreRequest request{settings_.names, {}, {}};
    if (result) {
      request.result = *result;
      own_observed_ = ObservedOf(*lease, *result);
      Stamp(*result, own_observed_);
    } else {
      request.result = result.error();
      own_observed_ = (*lease).observed;
    }
    request.grant = lease.UseUp();
    request.time_to_live = settings_.time_to_live;
    Spawn(store_->Store(std::move(request)));
  }

  // All replicas tell the same times of one reading. The age goes by `observe_steady` as ever.
  static void Stamp(Reading& reading, RedisTime observed) {
    const Duration took = reading.receive_time - reading.observe_time;
    reading.observe_time = ToWallTime(observed);
    reading.receive_time = reading.observe_time + took;
  }

  // What is below has just learned for how long the upstream wants to be left alone, and how often
  // it wants to be asked.
  void TellLimits(const Result<Reading>& result, const FetchProgress& progress) {
    const SteadyTime now = clock_.SteadyNow();
    const SendOutlook outlook = next_->Outlook();
    RateNews news{settings_.names};
    if (!result) AddPause(result.error(), outlook, news);
    const Duration exhausted = progress.rate_limits.exhausted_for.value_or(Duration::zero());
    if (exhausted > outlook.interval) {
      news.interval = exhausted + (now - *progress.sent_at);
      news.lasting = exhausted;
    } else if (outlook.interval > settings_.rate.interval &&
               (outlook.interval > told_interval_ || now >= tell_interval_again_at_)) {
      news.interval = told_interval_ = outlook.interval;
      news.lasting = kSlowFor;
      tell_interval_again_at_ = now + kSlowFor / 2;
    }
    if (news.pause || news.hold_off || news.interval) Spawn(store_->Rate(std::move(news)));
  }

  void AddPause(const Error& error, const SendOutlook& outlook, RateNews& news) {
    const SteadyTime now = clock_.SteadyNow();
    if (!IsOfTheLogin(error) || !outlook.IsForbidden(now) || outlook.because->kind != error.kind) {
      return;
    }
    if (IsRejection(error.kind)) {
      news.hold_off = outlook.earliest - now;
      told_rejection_until_ = outlook.earliest;
    } else if (error.kind == ErrorKind::kRateLimited || error.retry_after) {
      news.pause = outlook.earliest - now;
    }
    news.because = error;
    news.because.log_detail.clear();
  }

  // Unset: Redis can be asked again, or a message has come.
  static asio::awaitable<std::optional<Result<Reading>>> FetchAlone(std::shared_ptr<State> self,
                                                                    FetchContext context) {
    for (int waits = 0;; ++waits) {
      if (auto refusal = self->RefusalBelow()) co_return refusal;
      const SteadyTime now = self->clock_.SteadyNow();
      const std::uint64_t messages = self->messages_;
      // What the upstream has said to another replica holds without Redis too.
      if (self->held_ && self->held_->until > now) co_return self->Refusal(*self->held_);
      const SteadyTime turn = std::max(self->reserve_->Earliest(), self->next_->Outlook().earliest);
      if (turn >= context.End()) co_return OutOfTime(turn - now);
      if (turn <= now) {
        // The reserve is used up when the request can leave, not before.
        if (context.progress->connection) co_return co_await SendAlone(self, context);
        if (auto failed = co_await AwaitConnection(self, context, messages)) co_return failed;
      } else {
        context.progress->connection.reset();
        // Not at first: when a connection is just being made, it is there by then.
        if (waits >= kWaitsToPlan) context.progress->planned_send = turn;
        const Duration look = GrowingPause(kFirstLook, waits, kLongestLook);
        co_await Wait(self, std::min(turn, now + look), messages);
        context.progress->planned_send.reset();
      }
      if (self->store_->IsUsable() || self->messages_ != messages) co_return std::nullopt;
    }
  }

  // Unset: what is below gave no turn in time.
  static asio::awaitable<std::optional<Result<Reading>>> SendAlone(std::shared_ptr<State> self,
                                                                   FetchContext context) {
    const SteadyTime now = self->clock_.SteadyNow();
    const SteadyTime end = context.End();
    self->reserve_->Take(now);
    context.send_by = now + kSendSlack;
    const auto sent_before = context.progress->sent_at;
    auto result = co_await self->next_->Fetch(context);
    if (result) self->OfferLater(*result);
    if (context.progress->sent_at == sent_before && self->HasLapsed(result, end)) {
      co_return std::nullopt;
    }
    co_return result;
  }

  void OfferLater(Reading reading) {
    own_ = std::move(reading);
    const auto spread = static_cast<double>((kMostOfferPause - kLeastOfferPause).count());
    const auto jitter = Duration(static_cast<Duration::rep>(spread * random_()));
    offer_alarm_.Set(clock_.SteadyNow() + kLeastOfferPause + jitter, [this] {
      if (!own_ || store_->HasEnded()) return;
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
    asio::co_spawn(
        executor_, std::move(work),
        [self = shared_from_this()](const std::exception_ptr& /*failure*/, auto&&...) {});
  }

  const LoopExecutor executor_;
  const std::unique_ptr<BalanceSource> next_;
  const std::shared_ptr<FleetStore> store_;
  const std::shared_ptr<ReserveBudget> reserve_;
  const std::shared_ptr<FleetLogin> login_;
  const Settings settings_;
  Random random_;
  Clock& clock_;
  std::unique_ptr<FleetStore::Subscription> listening_;
  OnReading on_reading_;
  // The newest that was heard.
  std::optional<Reading> heard_reading_;
  std::optional<FleetFailure> heard_failure_;
  SteadyTime heard_failure_at_ = SteadyTime::min();
  // Number of messages of other replicas.
  std::uint64_t messages_ = 0;
  // Observe time of what this source stored last: it is published to this source, too.
  RedisTime own_observed_ = RedisTime::min();
  // What the latest answer said, if it said so.
  std::optional<HeldOff> held_;
  // Until when all replicas leave the secret alone because this source said so.
  SteadyTime told_rejection_until_ = SteadyTime::min();
  // The slowest pace that was told, and when to tell of a present one again.
  Duration told_interval_{0};
  SteadyTime tell_interval_again_at_ = SteadyTime::min();
  // Those who wait for a message.
  std::list<Place*> waiting_;
  // What was read without Redis and was not offered yet.
  std::optional<Reading> own_;
  Alarm offer_alarm_;
};

SharedSource::SharedSource(LoopExecutor executor, std::unique_ptr<BalanceSource> next,
                           std::shared_ptr<FleetStore> store,
                           std::shared_ptr<ReserveBudget> reserve,
                           std::shared_ptr<FleetLogin> login, Settings settings, Random random,
                           Clock& clock)
    : state_(std::make_shared<State>(executor, std::move(next), std::move(store),
                                     std::move(reserve), std::move(login), std::move(settings),
                                     std::move(random), clock)) {
  state_->Start();
}

SharedSource::~SharedSource() { state_->Stop(); }

asio::awaitable<Result<Reading>> SharedSource::Fetch(FetchContext context) {
  return State::Fetch(state_, context);
}

SendOutlook SharedSource::Outlook() const { return state_->Outlook(); }

void SharedSource::Listen(OnReading on_reading) { state_->Listen(std::move(on_reading)); }

std::string OwnerOf(std::string_view replica, std::uint64_t number) {
  return std::string(replica) + kOwnerSeparator + std::to_string(number);
}

std::string_view ReplicaOf(std::string_view owner) {
  return owner.substr(0, owner.find(kOwnerSeparator));
}

}  // namespace balance
