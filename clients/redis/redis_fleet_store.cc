#include "clients/redis/redis_fleet_store.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "clients/redis/lease_owner.h"
#include "clients/redis/reading_codec.h"
#include "clients/redis/scripts.h"
#include "clients/redis/stored_news.h"

namespace balance {
namespace {

namespace asio = boost::asio;
using std::chrono::microseconds;
using std::chrono::milliseconds;

// The largest integer that Lua has exactly: as a time, never.
constexpr std::int64_t kNever = (std::int64_t{1} << 53) - 1;

// A bucket that is forgotten starts empty, so it is kept for long.
constexpr milliseconds kBucketLife = std::chrono::hours(24);

// How often a value that cannot be used is passed over for a newer one in one Acquire().
constexpr int kMostTries = 3;

// Budgets fill with Redis's time, and one that was just used up would be whole again at once when
// that is set ahead. After so long no sliding second has seen both: what was granted before has
// left kSendSlack later at the latest.
constexpr Duration kQuietAfterStep = std::chrono::seconds(1) + kSendSlack;

std::string Text(std::int64_t number) { return std::to_string(number); }
std::string Text(RedisTime time) { return Text(time.time_since_epoch().count()); }

// Rounded up.
std::string MicrosText(Duration length) {
  return Text(std::chrono::ceil<microseconds>(std::clamp(length, Duration::zero(), kFar)).count());
}

std::string MillisText(Duration length) {
  return Text(std::max<std::int64_t>(
      1, std::chrono::ceil<milliseconds>(std::clamp(length, Duration::zero(), kFar)).count()));
}

std::string BucketLifeText(const FleetRate& rate) {
  return MillisText(std::max<Duration>(kBucketLife, 2 * (rate.interval + rate.tolerance)));
}

// The part `place` of a reply as a time; unset if it is none.
std::optional<RedisTime> TimeAt(const ScriptReply& reply, std::size_t place) {
  if (place >= reply.rest.size()) return std::nullopt;
  const auto number = reply.rest[place].AsInteger();
  if (!number || *number < 0 || *number > kNever) return std::nullopt;
  return RedisTime(microseconds(*number));
}

std::string_view TextAt(const ScriptReply& reply, std::size_t place) {
  if (place >= reply.rest.size()) return {};
  return reply.rest[place].AsText().value_or("");
}

tl::unexpected<RedisError> OddReply() {
  return RedisFailure(RedisErrorKind::kProtocol,
                      "Redis answers to a script as this release's scripts do not");
}

// Arguments of the script behind the deadline.
std::vector<std::string> ArgumentsOf(const AcquireRequest& request, const std::string& run_id,
                                     RedisTime least_observed, RedisTime least_failed,
                                     bool may_send) {
  return {
      run_id,
      Text(least_observed),
      request.max_age >= kFar ? Text(kNever) : MicrosText(request.max_age),
      Text(least_failed),
      MicrosText(request.lease),
      request.owner,
      Text(request.rate.interval.count()),
      Text(request.rate.tolerance.count()),
      MicrosText(request.min_refresh_interval),
      may_send ? "1" : "0",
      BucketLifeText(request.rate),
      Text(std::clamp(request.observed_from_redis, RedisTime(), RedisTime(microseconds(kNever)))),
      Text(std::int64_t{kMostValueBytes}),
  };
}

// The times of a request, which may be far away either way, on Redis's clock.
RedisTime LeastObserved(SteadyTime from, const RedisClock& clock, SteadyTime now) {
  return from < now - kFar ? RedisTime() : std::max(RedisTime(), clock.Latest(from));
}

RedisTime LeastFailed(SteadyTime from, const RedisClock& clock, SteadyTime now) {
  return from > now + kFar ? RedisTime(microseconds(kNever)) : clock.Latest(from);
}

std::vector<std::string_view> Views(const std::vector<std::string>& texts) {
  return {texts.begin(), texts.end()};
}

RedisResult<Acquired> GrantedOf(const ScriptReply& reply, const RedisClock& clock,
                                const std::string& run_id) {
  const auto granted = TimeAt(reply, 0);
  const auto lease_end = TimeAt(reply, 1);
  const std::string_view token = TextAt(reply, 2);
  const auto full = TimeAt(reply, 3);
  if (!granted || !lease_end || token.empty() || !full) return OddReply();
  return Granted{std::string(token),
                 *granted,
                 clock.SurelyBefore(*granted + std::chrono::floor<microseconds>(kSendSlack)),
                 clock.ToSteady(*lease_end),
                 clock.ToSteady(*full),
                 run_id};
}

// No request is sent before this, whatever Redis grants.
SteadyTime QuietUntil(const RedisClock& clock) {
  const SteadyTime set_at = clock.set_ahead_at();
  return set_at == SteadyTime::min() ? set_at : set_at + kQuietAfterStep;
}

Acquired OutOfTurnOf(RedisTime send_at, const ScriptReply& reply, const RedisClock& clock) {
  OutOfTurn later{std::max(clock.SurelyAfter(send_at), QuietUntil(clock))};
  if (const auto full = TimeAt(reply, 1)) later.budget_full_at = clock.ToSteady(*full);
  return later;
}

}  // namespace

// A hold whose reason cannot be read holds all the same: asking less is always safe.
Acquired RedisFleetStore::HeldOffOf(const LoginNames& login, const ScriptReply& reply,
                                    RedisTime until) const {
  HeldOff held{std::nullopt, link_.clock().SurelyAfter(until), TextAt(reply, 1) == "HOLD_OFF"};
  const std::string& name = held.is_rejected ? login.hold_off : login.pause;
  auto opened = vault_->Open(name, TextAt(reply, 2), std::nullopt, std::nullopt);
  if (opened && std::holds_alternative<StoredFailure>(opened->value)) {
    held.because = std::move(std::get<StoredFailure>(opened->value).error);
    held.because->retry_after = WhatIsLeft(until, reply.now);
  }
  return held;
}

RedisFleetStore::RedisFleetStore(asio::io_context& loop, Clock& clock, Random random,
                                 RedisSettings settings, Seal seal, FleetObserver& observer,
                                 FleetClock* shared_clock)
    : clock_(clock),
      observer_(observer),
      vault_(std::make_unique<const ValueVault>(std::move(seal), observer)),
      dialer_(std::make_shared<RedisDialer>(loop, clock, std::move(settings))),
      subscriber_(loop, clock, random, dialer_),
      link_(loop, clock, random, dialer_,
            {[this](const std::string& run_id) { subscriber_.ExpectRunId(run_id); },
             [shared_clock](const RedisClock& redis) {
               if (shared_clock) shared_clock->Follow(redis);
             },
             [this](Duration by) { observer_.OnClockSet(by); },
             [this] { await_usable_.WakeAll(); }}) {}

RedisFleetStore::~RedisFleetStore() = default;

void RedisFleetStore::Renew(RedisLogin redis, RedisLogin sentinels, Seal seal) {
  dialer_->SetLogins(std::move(redis), std::move(sentinels));
  vault_ = std::make_unique<const ValueVault>(std::move(seal), observer_);
}

void RedisFleetStore::Stop() {
  subscriber_.Stop();
  link_.Stop();
}

template <typename T>
void RedisFleetStore::Count(FleetOperation operation, const RedisResult<T>& result,
                            std::string_view outcome) {
  if (!result) outcome = kRedisErrorNames[static_cast<std::size_t>(result.error().kind)];
  observer_.OnOperation(operation, outcome);
}

asio::awaitable<RedisResult<Acquired>> RedisFleetStore::Acquire(AcquireRequest request) {
  auto acquired = co_await TryAcquire(std::move(request));
  Count(FleetOperation::kAcquire, acquired,
        acquired ? kAcquireOutcomes[acquired->index()] : std::string_view());
  co_return acquired;
}

asio::awaitable<RedisResult<StoreOutcome>> RedisFleetStore::Store(StoreRequest request) {
  auto stored = co_await TryStore(std::move(request));
  Count(FleetOperation::kStore, stored,
        stored ? kStoreOutcomes[static_cast<std::size_t>(*stored)] : std::string_view());
  co_return stored;
}

asio::awaitable<RedisResult<void>> RedisFleetStore::Release(LoginNames login, Granted grant) {
  auto released = co_await TryRelease(std::move(login), std::move(grant));
  Count(FleetOperation::kRelease, released, kOtherOutcome);
  co_return released;
}

asio::awaitable<RedisResult<void>> RedisFleetStore::Rate(RateNews news) {
  auto told = co_await TryRate(std::move(news));
  Count(FleetOperation::kRate, told, kOtherOutcome);
  co_return told;
}

asio::awaitable<RedisResult<ScriptReply>> RedisFleetStore::Run(ScriptCall call) {
  auto reply = co_await link_.Run(std::move(call));
  const bool is_bad = reply ? reply->foreign > 0 : reply.error().kind == RedisErrorKind::kBadData;
  if (is_bad) vault_->Report(StoredValueFault::kForeign);
  co_return reply;
}

// One branch for each word that the script may answer with.
// NOLINTNEXTLINE(readability-function-cognitive-complexity)
asio::awaitable<RedisResult<Acquired>> RedisFleetStore::TryAcquire(AcquireRequest request) {
  const LoginNames& login = request.login;
  RedisTime least_observed;
  RedisTime least_failed;
  for (int tries = 0; tries < kMostTries; ++tries) {
    const SteadyTime now = clock_.SteadyNow();
    if (!link_.IsUsable()) co_return link_.Away();
    const RedisClock clock = link_.clock();
    const std::string run_id = link_.run_id();
    least_observed = std::max({least_observed, request.observed_from_redis,
                               LeastObserved(request.observed_from, clock, now)});
    least_failed = std::max(least_failed, LeastFailed(request.failed_from, clock, now));
    const std::vector<std::string> arguments =
        ArgumentsOf(request, run_id, least_observed, least_failed,
                    request.may_send && now >= QuietUntil(clock));
    ScriptCall call{
        AcquireScript(),
        {login.reading, login.lease, login.bucket, login.pause, login.hold_off, kClockKey},
        Views(arguments),
        run_id};
    auto reply = co_await Run(std::move(call));
    if (!reply) co_return tl::unexpected<RedisError>(std::move(reply.error()));
    const std::string& word = reply->word;
    const auto time = TimeAt(*reply, 0);
    if (!time) co_return OddReply();
    if (word == "GRANTED") {
      auto granted = GrantedOf(*reply, link_.clock(), run_id);
      const SteadyTime quiet_until = QuietUntil(link_.clock());
      if (!granted || clock_.SteadyNow() >= quiet_until) co_return granted;
      // It is this answer that has told of the step.
      const Granted unused = std::get<Granted>(*std::move(granted));
      const OutOfTurn later{quiet_until, unused.budget_full_at};
      co_await TryRelease(login, unused);
      co_return later;
    }
    if (word == "BUSY") {
      LeaseBusy busy{link_.clock().SurelyAfter(*time)};
      // It lies there without a seal, and is shown to callers.
      if (IsOwner(TextAt(*reply, 1))) {
        busy.owner = TextAt(*reply, 1);
      } else {
        vault_->Report(StoredValueFault::kForeign);
      }
      co_return busy;
    }
    if (word == "LATER") co_return OutOfTurnOf(*time, *reply, link_.clock());
    if (word == "HELD_OFF") co_return HeldOffOf(login, *reply, *time);
    if (word != "READING" && word != "FAILED") co_return OddReply();
    auto& passed_over = word == "READING" ? least_observed : least_failed;
    // If the clock was set ahead on the way, it was not asked for what is new enough by it.
    if (link_.clock().set_ahead_at() != clock.set_ahead_at()) continue;
    passed_over = std::max(passed_over, *time + microseconds(1));
    if (link_.clock().IsDoubtful(*time)) continue;
    auto opened = vault_->Open(login.reading, TextAt(*reply, 1), *time, run_id);
    if (opened && std::holds_alternative<StoredReading>(opened->value) == (word == "READING")) {
      co_return AcquiredOf(
          NewsOf(*std::move(opened), link_.clock(), reply->now, clock_.SteadyNow()), request, now);
    }
    if (opened) vault_->Report(StoredValueFault::kMalformed);
  }
  co_return RedisFailure(RedisErrorKind::kBadData,
                         "values of one login in Redis that cannot be used come one after another; "
                         "find out what else writes keys that begin with bal:");
}

asio::awaitable<RedisResult<StoreOutcome>> RedisFleetStore::TryStore(StoreRequest request) {
  if (!link_.IsUsable()) co_return link_.Away();
  const LoginNames& login = request.login;
  const std::string run_id = link_.run_id();
  if (request.grant && request.grant->run_id != run_id) {
    co_return RedisFailure(RedisErrorKind::kAway, "Redis was replaced while the request ran");
  }
  const RedisTime observed = ObservedOf(request, link_.clock());
  const bool is_reading = std::holds_alternative<Reading>(request.result);
  const StoredBy by{std::move(request.owner), !request.grant, run_id};
  std::string sealed =
      vault_->Close(login.reading, StoredOf(std::move(request.result), observed), by);
  if (sealed.size() > kMostValueBytes) {
    if (request.grant) {
      const auto released = co_await TryRelease(login, *request.grant);
      if (!released) co_return tl::unexpected<RedisError>(released.error());
    }
    co_return StoreOutcome::kTooLarge;
  }
  const std::vector<std::string> arguments = {
      request.grant ? request.grant->token : std::string(),
      Text(observed),
      is_reading ? "READING" : "FAILURE",
      std::move(sealed),
      MillisText(request.time_to_live),
      login.channel,
      run_id,
  };
  ScriptCall call{StoreScript(), {login.reading, login.lease, kClockKey}, Views(arguments), run_id};
  const auto reply = co_await Run(std::move(call));
  if (!reply) co_return tl::unexpected<RedisError>(reply.error());
  if (reply->word == "KEPT") co_return StoreOutcome::kKept;
  if (reply->word == "OLDER") co_return StoreOutcome::kOlder;
  if (reply->word == "AHEAD") co_return StoreOutcome::kAhead;
  co_return OddReply();
}

asio::awaitable<RedisResult<void>> RedisFleetStore::TryRelease(LoginNames login, Granted grant) {
  const std::vector<std::string> arguments = {grant.token, "0", "NOTHING"};
  ScriptCall call{StoreScript(), {login.reading, login.lease}, Views(arguments), link_.run_id()};
  const auto reply = co_await Run(std::move(call));
  if (!reply) co_return tl::unexpected<RedisError>(reply.error());
  if (reply->word != "RELEASED") co_return OddReply();
  co_return RedisResult<void>();
}

std::string RedisFleetStore::SealedReason(const std::string& name, const StoredValue& because) {
  std::string sealed = vault_->Close(name, because, {});
  // It holds all the same, for a reason that cannot be read.
  return sealed.size() > kMostValueBytes ? std::string() : sealed;
}

asio::awaitable<RedisResult<void>> RedisFleetStore::TryRate(RateNews news) {
  if (!link_.IsUsable()) co_return link_.Away();
  const LoginNames& login = news.login;
  const StoredValue because =
      StoredFailure{link_.clock().Earliest(clock_.SteadyNow()), news.because, std::nullopt};
  const std::vector<std::string> arguments = {
      MicrosText(news.pause.value_or(Duration::zero())),
      news.pause ? SealedReason(login.pause, because) : std::string(),
      MicrosText(news.hold_off.value_or(Duration::zero())),
      news.hold_off ? SealedReason(login.hold_off, because) : std::string(),
      news.is_accepted ? "1" : "0",
      MicrosText(news.interval.value_or(Duration::zero())),
      MicrosText(news.interval ? news.lasting : Duration::zero()),
      MillisText(kBucketLife),
  };
  ScriptCall call{
      RateScript(), {login.pause, login.hold_off, login.bucket}, Views(arguments), link_.run_id()};
  const auto reply = co_await Run(std::move(call));
  if (!reply) co_return tl::unexpected<RedisError>(reply.error());
  if (reply->word != "HEARD") co_return OddReply();
  co_return RedisResult<void>();
}

std::unique_ptr<FleetStore::Subscription> RedisFleetStore::Subscribe(const LoginNames& names,
                                                                     OnNews on_news) {
  class Seat final : public Subscription {
   public:
    explicit Seat(std::unique_ptr<RedisSubscriber::Subscription> seat) : seat_(std::move(seat)) {}

   private:
    const std::unique_ptr<RedisSubscriber::Subscription> seat_;
  };
  return std::make_unique<Seat>(subscriber_.Subscribe(
      names.channel, [this, name = names.reading, on_news](std::string_view payload) {
        const RedisClock& clock = link_.clock();
        auto opened = vault_->Open(name, payload, std::nullopt, link_.run_id());
        if (!opened || !clock.is_known()) return;
        const SteadyTime now = clock_.SteadyNow();
        // One of the future is of a time before Redis's clock was set back.
        if (balance::ObservedOf(opened->value) > clock.Latest(now)) return;
        on_news(NewsOf(*std::move(opened), clock, clock.Earliest(now), now));
      }));
}

std::unique_ptr<FleetStore::Subscription> RedisFleetStore::AwaitUsable(
    std::function<void()> on_usable) {
  class Wait final : public Subscription {
   public:
    explicit Wait(std::unique_ptr<WakeList::Seat> seat) : seat_(std::move(seat)) {}

   private:
    const std::unique_ptr<WakeList::Seat> seat_;
  };
  return std::make_unique<Wait>(await_usable_.Add(std::move(on_usable)));
}

std::optional<Duration> RedisFleetStore::ClockOffset() const {
  if (!link_.clock().is_known()) return std::nullopt;
  return link_.clock().AheadOfWall(clock_.Time());
}

}  // namespace balance
