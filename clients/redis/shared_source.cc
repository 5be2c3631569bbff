#include "clients/redis/shared_source.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <variant>

#include "clients/redis/fleet_lease.h"
#include "clients/redis/fleet_question.h"
#include "clients/redis/lease_owner.h"
#include "clients/redis/limit_teller.h"
#include "clients/redis/login_failure.h"
#include "clients/redis/login_news.h"
#include "clients/redis/login_standing.h"
#include "clients/redis/reading_offer.h"
#include "clients/redis/unawaited.h"
#include "clients/resilience/growing_pause.h"
#include "clients/resilience/refusal.h"

namespace balance {
namespace {

namespace asio = boost::asio;
using std::chrono::milliseconds;

// Between two questions whether another replica has finished, besides listening.
constexpr Duration kFirstPause = milliseconds(50);
constexpr Duration kLeastPause = milliseconds(1);
constexpr Duration kLongestPause = milliseconds(200);

// Between two looks whether Redis is back.
constexpr Duration kFirstLook = milliseconds(10);
constexpr Duration kLongestLook = milliseconds(250);
// Number of looks before anybody is told when a request will be sent without it.
constexpr int kWaitsToPlan = 5;

constexpr const char* kNoTurnOfFleet =
    "the rate budget that all replicas share allows no request in time; raise requests_per_second "
    "or ask less often";
constexpr const char* kNoTurnAlone =
    "this replica cannot use Redis and reads by itself, and its part of the reserve allows no "
    "request in time; bring back Redis or accept older readings";

tl::unexpected<Error> OutOfTime(const char* message, Duration retry_after) {
  return Refuse({ErrorKind::kFreshnessUnsatisfied, message},
                std::max(retry_after, Duration::zero()));
}

// When the request of another replica was sent.
SteadyTime SentOf(const FleetNews& news) {
  if (const auto* const failure = std::get_if<FleetFailure>(&news)) return failure->sent;
  const Reading& reading = std::get<FleetReading>(news).reading;
  return reading.observe_steady + reading.cache_age;
}

}  // namespace

// Outlives the source by what is under way.
class SharedSource::State : public std::enable_shared_from_this<State> {
 public:
  State(LoopExecutor executor, std::unique_ptr<BalanceSource> next,
        std::shared_ptr<FleetStore> store, std::shared_ptr<ReserveBudget> reserve,
        std::shared_ptr<FleetLogin> login, Settings settings, Random random, Clock& clock)
      : executor_(std::move(executor)),
        next_(std::move(next)),
        store_(std::move(store)),
        reserve_(std::move(reserve)),
        login_(std::move(login)),
        settings_(std::move(settings)),
        clock_(clock),
        news_(executor_, clock),
        standing_(login_, std::string(ReplicaOf(settings_.owner))),
        limits_(executor_, store_, settings_.names, settings_.rate.interval, clock),
        offer_(executor_, store_, settings_.names, settings_.owner, settings_.time_to_live,
               std::move(random), clock) {}

  void Start() {
    listening_ = store_->Subscribe(settings_.names, [weak = weak_from_this()](FleetNews news) {
      if (const auto state = weak.lock()) state->Hear(std::move(news));
    });
  }

  void Stop() {
    listening_.reset();
    on_reading_ = nullptr;
    offer_.Withdraw();
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
    outlook.has_spare = outlook.has_spare && standing_.HasSpare(now);
    return outlook;
  }

  static asio::awaitable<Result<Reading>> Fetch(std::shared_ptr<State> self, FetchContext context) {
    const SteadyTime begun = self->clock_.SteadyNow();
    FetchProgress* const progress = context.progress;
    const std::shared_ptr<void> leaving(nullptr,
                                        [progress](void*) { progress->connection.reset(); });
    progress->shared_sent_at.reset();
    progress->granted_wall.reset();
    int failures = 0;
    for (int waits = 0;; ++waits) {
      const ObservedSince wanted = WantedBy(context, begun);
      if (auto heard = self->news_.Since(wanted, begun, *context.progress)) {
        co_return *std::move(heard);
      }
      co_await TakeFreeConnection(self, context);
      AcquireRequest request = self->RequestOf(wanted, begun);
      request.may_send = context.progress->connection != nullptr;
      auto fetched = co_await FetchOnce(self, context, std::move(request), waits, failures);
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
    const WallTime wall = WallOf(wanted);
    if (wall > WallTime::min()) request.observed_from_redis = ToRedisTime(wall);
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
  // `failures` counts how often in a row they could not be asked, and outlives the call.
  static asio::awaitable<std::optional<Result<Reading>>> FetchOnce(std::shared_ptr<State> self,
                                                                   FetchContext context,
                                                                   AcquireRequest request,
                                                                   int waits, int& failures) {
    const std::uint64_t messages = self->news_.count();
    auto acquired =
        co_await AskFleet(self->executor_, self->store_, NamesOf(self), std::move(request));
    self->reserve_->SetCutOff(self->clock_.SteadyNow(), !acquired);
    if (!acquired) co_return co_await FetchAlone(self, context, failures++);
    failures = 0;
    self->standing_.OnAnswer(*acquired, self->clock_.SteadyNow());
    // Before anything can throw: a lease that is lost keeps the others waiting.
    const std::shared_ptr<FleetLease> lease = LeaseOf(self, *acquired);
    if (lease) co_return co_await FetchGranted(self, context, lease);
    co_return co_await Follow(self, context, *std::move(acquired), waits, messages);
  }

  // The failure that forbids requests below, if one does. Nothing is sent: a fetch might just be
  // allowed again, and would be one that no budget knows of.
  std::optional<Result<Reading>> RefusalBelow() const {
    const SteadyTime now = clock_.SteadyNow();
    const SendOutlook outlook = next_->Outlook();
    if (!outlook.IsForbidden(now)) return std::nullopt;
    return Refuse(*outlook.because, outlook.earliest - now);
  }

  void Hear(FleetNews news) {
    const bool is_own =
        std::visit([this](const auto& each) { return each.owner == settings_.owner; }, news);
    if (is_own) return;
    const SteadyTime sent = SentOf(news);
    // What was sent without leave says neither whose turn it is nor what is left of the budget.
    if (!std::visit([](const auto& each) { return each.is_from_reserve; }, news)) {
      standing_.OnNews(sent);
    }
    if (news_.Keep(std::move(news))) {
      standing_.OnServed(sent);
      if (on_reading_) on_reading_(*news_.reading());
    }
    news_.EndWaits();
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
      if (*until >= context.End())
        co_return OutOfTime(kNoTurnOfFleet, *until - self->clock_.SteadyNow());
      if (std::holds_alternative<OutOfTurn>(acquired)) context.progress->planned_send = *until;
      co_await self->news_.Wait(*until, messages);
      context.progress->planned_send.reset();
      co_return std::nullopt;
    }
    if (auto* const reading = std::get_if<FleetReading>(&acquired)) {
      co_return TakeShared(std::move(reading->reading), *context.progress);
    }
    if (auto* const failure = std::get_if<FleetFailure>(&acquired)) {
      co_return TakeShared(std::move(*failure), *context.progress);
    }
    const auto& held = std::get<HeldOff>(acquired);
    if (self->limits_.Forgive(held, self->next_->Outlook())) co_return std::nullopt;
    co_return RefuseHeld(held, self->clock_.SteadyNow());
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

  // Waits until a message comes that is not one of the first `messages`, or for a connection, which
  // `context.progress` then has. An error: there is none in time.
  static asio::awaitable<std::optional<Result<Reading>>> AwaitConnection(
      std::shared_ptr<State> self, FetchContext context, std::uint64_t messages) {
    if (self->news_.count() != messages) co_return std::nullopt;
    FetchProgress* const progress = context.progress;
    const LoginNews::Place place(self->news_, [progress] {
      if (progress->on_forbidden) progress->on_forbidden();
    });
    context.progress->connection = co_await self->next_->AwaitConnection(context);
    if (context.progress->connection || self->clock_.SteadyNow() < context.End())
      co_return std::nullopt;
    co_return NoConnection();
  }

  // Null: nothing was granted.
  static std::shared_ptr<FleetLease> LeaseOf(const std::shared_ptr<State>& self,
                                             Acquired& acquired) {
    auto* const grant = std::get_if<Granted>(&acquired);
    if (!grant) return nullptr;
    return std::make_shared<FleetLease>(self->executor_, self->store_, self->login_, NamesOf(self),
                                        std::move(*grant));
  }

  // Unset: the grant has lapsed unused.
  static asio::awaitable<std::optional<Result<Reading>>> FetchGranted(
      std::shared_ptr<State> self, FetchContext context, std::shared_ptr<FleetLease> lease) {
    const Granted& grant = lease->grant();
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
  void Tell(Result<Reading>& result, FleetLease& lease, const FetchProgress& progress) {
    limits_.Tell(result, progress, next_->Outlook());
    if (!result && !IsWorthSharing(result.error())) return;
    StoreRequest request{settings_.names, {}, {}};
    if (result) {
      request.result = *result;
      Stamp(*result, ObservedAt(lease.grant().observed, *result));
    } else {
      request.result = result.error();
    }
    request.grant = lease.UseUp();
    request.time_to_live = settings_.time_to_live;
    request.owner = settings_.owner;
    RunUnawaited(executor_, store_, store_->Store(std::move(request)));
  }

  // All replicas tell the same times of one reading. The age goes by `observe_steady` as ever.
  static void Stamp(Reading& reading, RedisTime observed) {
    // The clock may have been set back in between.
    const Duration took = std::max(reading.receive_time - reading.observe_time, Duration(0));
    reading.observe_time = ToWallTime(observed);
    reading.receive_time = reading.observe_time + took;
  }

  // Unset: Redis can be asked again, or a message has come. It may be that it fails at this login
  // alone, as it has `failures` times before: so it is looked at less and less often.
  static asio::awaitable<std::optional<Result<Reading>>> FetchAlone(std::shared_ptr<State> self,
                                                                    FetchContext context,
                                                                    int failures) {
    for (int waits = 0;; ++waits) {
      if (auto refusal = self->RefusalBelow()) co_return refusal;
      const SteadyTime now = self->clock_.SteadyNow();
      const std::uint64_t messages = self->news_.count();
      // What the upstream has said to another replica holds without Redis too.
      if (const HeldOff* const held = self->standing_.HeldAt(now)) co_return RefuseHeld(*held, now);
      const SteadyTime turn = std::max({self->reserve_->Earliest(), self->next_->Outlook().earliest,
                                        self->WhenStampServes(context.progress->wanted)});
      if (turn >= context.End()) co_return OutOfTime(kNoTurnAlone, turn - now);
      if (turn <= now) {
        // The reserve is used up when the request can leave, not before.
        if (context.progress->connection) co_return co_await SendAlone(self, context);
        if (auto failed = co_await AwaitConnection(self, context, messages)) co_return failed;
      } else {
        context.progress->connection.reset();
        // Not at first: when a connection is just being made, it is there by then.
        if (waits >= kWaitsToPlan) context.progress->planned_send = turn;
        const Duration look = GrowingPause(kFirstLook, failures + waits, kLongestLook);
        co_await self->news_.Wait(std::min(turn, now + look), messages);
        context.progress->planned_send.reset();
      }
      if (self->store_->IsUsable() || self->news_.count() != messages) co_return std::nullopt;
    }
  }

  // Unset: what is below gave no turn in time.
  static asio::awaitable<std::optional<Result<Reading>>> SendAlone(std::shared_ptr<State> self,
                                                                   FetchContext context) {
    const SteadyTime now = self->clock_.SteadyNow();
    const SteadyTime end = context.End();
    self->reserve_->Take(now);
    context.send_by = now + kSendSlack;
    const std::optional<RedisTime> stamp = self->StampOf(now);
    if (stamp) context.progress->granted_wall = ToWallTime(*stamp);
    const auto sent_before = context.progress->sent_at;
    auto result = co_await self->next_->Fetch(context);
    if (context.progress->sent_at == sent_before) {
      context.progress->granted_wall.reset();
      if (self->HasLapsed(result, end)) co_return std::nullopt;
    }
    if (result) {
      self->offer_.Make(*result);
      if (stamp) Stamp(*result, ObservedAt(*stamp, *result));
    }
    co_return result;
  }

  // The time on Redis's clock that a request has which is sent without leave. The clock that
  // replicas share is a little ahead of that one, and the reading would look younger than it is.
  // Unset: that clock was never known.
  std::optional<RedisTime> StampOf(SteadyTime now) const {
    const RedisClock* const redis = store_->redis_clock();
    if (!redis) return std::nullopt;
    return redis->Stamp(now);
  }

  // When a request that is sent without leave is stamped with a time that is late enough.
  SteadyTime WhenStampServes(const std::optional<ObservedSince>& wanted) const {
    const RedisClock* const redis = store_->redis_clock();
    if (!redis || !wanted) return SteadyTime::min();
    const WallTime wall = WallOf(*wanted);
    if (wall <= ToWallTime(redis->Stamp(clock_.SteadyNow()))) return SteadyTime::min();
    return redis->WhenStamped(ToRedisTime(wall));
  }

  // From when on, by the clock that replicas share, a request is wanted. What is further ahead than
  // that clock ever is of Redis's was told before Redis's clock was set back. It is not waited for:
  // what is sent now is later than it, as the steady clock has it.
  WallTime WallOf(const ObservedSince& wanted) const {
    const RedisClock* const redis = store_->redis_clock();
    if (!redis) return wanted.wall;
    const WallTime latest = ToWallTime(redis->Latest(clock_.SteadyNow()));
    return wanted.wall > latest + RedisClock::kNotableStep ? WallTime::min() : wanted.wall;
  }

  // The names as long as the state lives.
  static std::shared_ptr<const LoginNames> NamesOf(const std::shared_ptr<State>& self) {
    return {self, &self->settings_.names};
  }

  const LoopExecutor executor_;
  const std::unique_ptr<BalanceSource> next_;
  const std::shared_ptr<FleetStore> store_;
  const std::shared_ptr<ReserveBudget> reserve_;
  const std::shared_ptr<FleetLogin> login_;
  const Settings settings_;
  Clock& clock_;
  std::unique_ptr<FleetStore::Subscription> listening_;
  OnReading on_reading_;
  LoginNews news_;
  LoginStanding standing_;
  LimitTeller limits_;
  ReadingOffer offer_;
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

}  // namespace balance
