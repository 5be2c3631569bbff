#include "clients/redis/redis_fleet_store.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "clients/redis/reading_codec.h"
#include "clients/redis/scripts.h"

namespace balance {
namespace {

namespace asio = boost::asio;
using std::chrono::microseconds;
using std::chrono::milliseconds;

// The largest integer that Lua has exactly: as a time, never.
constexpr std::int64_t kNever = (std::int64_t{1} << 53) - 1;

// Longer than any wait here, so that no arithmetic of times wraps.
constexpr Duration kFar = std::chrono::hours(24 * 365);

// A bucket that is forgotten starts empty, so it is kept for long.
constexpr milliseconds kBucketLife = std::chrono::hours(24);

// How often a value that cannot be used is passed over for a newer one in one Acquire().
constexpr int kMostTries = 3;

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

Duration WhatIsLeft(RedisTime until, RedisTime now) {
  return std::max<Duration>(until - now, Duration::zero());
}

}  // namespace

// Seals and encodes values for Redis, and does the reverse. Shared by the operations that are under
// way.
class RedisFleetStore::Vault {
 public:
  Vault(Seal seal, FleetObserver& observer) : seal_(std::move(seal)), observer_(observer) {}

  std::string Close(std::string_view name, const StoredValue& value) const {
    return seal_.Close(name, EncodeStored(value));
  }

  // The sealed value of the key `name`, which has to be of the time `observed` if that is set.
  // Unset, and reported to the observer, if it cannot be used.
  std::optional<StoredValue> Open(std::string_view name, std::string_view sealed,
                                  std::optional<RedisTime> observed) const {
    const Opened opened = seal_.Open(name, sealed);
    if (!opened.plain) return Bad(FaultOf(opened.fault));
    DecodedValue decoded = DecodeStored(*opened.plain);
    if (!decoded.value) return Bad(FaultOf(decoded.fault));
    if (observed && ObservedOf(*decoded.value) != *observed) {
      return Bad(StoredValueFault::kOtherTime);
    }
    return std::move(decoded.value);
  }

  void Report(StoredValueFault fault) const { observer_.OnBadValue(fault); }

 private:
  static StoredValueFault FaultOf(SealFault fault) {
    return fault == SealFault::kUnknownFormat ? StoredValueFault::kUnknownFormat
                                              : StoredValueFault::kNotOpened;
  }

  static StoredValueFault FaultOf(StoredFault fault) {
    return fault == StoredFault::kOtherSchema ? StoredValueFault::kOtherSchema
                                              : StoredValueFault::kMalformed;
  }

  std::optional<StoredValue> Bad(StoredValueFault fault) const {
    Report(fault);
    return std::nullopt;
  }

  const Seal seal_;
  FleetObserver& observer_;
};

namespace {

// A stored value in this replica's own time: the earliest that is possible, so that nothing passes
// for newer than it is. `now` is Redis's and `here` is ours.
FleetNews NewsOf(StoredValue value, const RedisClock& clock, RedisTime now, SteadyTime here) {
  if (auto* const stored = std::get_if<StoredReading>(&value)) {
    FleetReading reading{std::move(stored->reading), stored->observed};
    reading.reading.observe_steady = std::min(clock.SurelyBefore(stored->observed), here);
    return reading;
  }
  auto& stored = std::get<StoredFailure>(value);
  FleetFailure failure{std::move(stored.error), stored.observed,
                       std::min(clock.SurelyBefore(stored.observed), here)};
  if (stored.retry_at) failure.error.retry_after = WhatIsLeft(*stored.retry_at, now);
  return failure;
}

// The value to store of what a request brought that was sent when Redis's clock showed `observed`.
StoredValue StoredOf(std::variant<Reading, Error> result, RedisTime observed) {
  if (auto* const reading = std::get_if<Reading>(&result)) {
    const Duration took = reading->receive_time - reading->observe_time;
    const auto received = observed + std::chrono::floor<microseconds>(std::max(took, Duration{0}));
    return StoredReading{observed, received, std::move(*reading)};
  }
  auto& error = std::get<Error>(result);
  StoredFailure failure{observed, std::move(error), std::nullopt};
  if (failure.error.retry_after) {
    failure.retry_at = observed + std::chrono::ceil<microseconds>(
                                      std::clamp(*failure.error.retry_after, Duration{0}, kFar));
  }
  return failure;
}

// Observe time of what is to be stored, not later than it was.
RedisTime ObservedOf(const StoreRequest& request, const RedisClock& clock) {
  const auto* const reading = std::get_if<Reading>(&request.result);
  if (!request.grant) return clock.Earliest(reading ? reading->observe_steady : request.sent);
  return reading ? ObservedAt(request.grant->observed, *reading) : request.grant->observed;
}

// Arguments of the script behind the deadline.
std::vector<std::string> ArgumentsOf(const AcquireRequest& request, const std::string& run_id,
                                     RedisTime least_observed, RedisTime least_failed) {
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
      request.may_send ? "1" : "0",
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

// The script has found that the value is of the time that the request wants, or later. `now` is
// when it was asked.
Acquired AcquiredOf(FleetNews news, const AcquireRequest& request, SteadyTime now) {
  if (auto* const told = std::get_if<FleetReading>(&news)) {
    SteadyTime& observed = told->reading.observe_steady;
    observed = std::max(observed, std::min(request.observed_from, now));
    return std::move(*told);
  }
  auto& failure = std::get<FleetFailure>(news);
  failure.sent = std::max(failure.sent, std::min(request.failed_from, now));
  return std::move(failure);
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

Acquired OutOfTurnOf(RedisTime send_at, const ScriptReply& reply, const RedisClock& clock) {
  OutOfTurn later{clock.SurelyAfter(send_at)};
  if (const auto full = TimeAt(reply, 1)) later.budget_full_at = clock.ToSteady(*full);
  return later;
}

}  // namespace

RedisTime ObservedAt(RedisTime sent, const Reading& reading) {
  return sent -
         std::chrono::ceil<microseconds>(std::clamp(reading.cache_age, Duration::zero(), kFar));
}

// A hold whose reason cannot be read holds all the same: asking less is always safe.
Acquired RedisFleetStore::HeldOffOf(const LoginNames& login, const ScriptReply& reply,
                                    RedisTime until) const {
  HeldOff held{std::nullopt, link_.clock().SurelyAfter(until), TextAt(reply, 1) == "HOLD_OFF"};
  const std::string& name = held.is_rejected ? login.hold_off : login.pause;
  auto value = vault_->Open(name, TextAt(reply, 2), std::nullopt);
  if (value && std::holds_alternative<StoredFailure>(*value)) {
    held.because = std::move(std::get<StoredFailure>(*value).error);
    held.because->retry_after = WhatIsLeft(until, reply.now);
  }
  return held;
}

RedisFleetStore::RedisFleetStore(asio::io_context& loop, Clock& clock, Random random,
                                 RedisSettings settings, Seal seal, FleetObserver& observer,
                                 FleetClock* shared_clock)
    : clock_(clock),
      observer_(observer),
      vault_(std::make_unique<const Vault>(std::move(seal), observer)),
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
  vault_ = std::make_unique<const Vault>(std::move(seal), observer_);
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

asio::awaitable<RedisResult<Acquired>> RedisFleetStore::TryAcquire(AcquireRequest request) {
  const LoginNames& login = request.login;
  RedisTime least_observed;
  RedisTime least_failed;
  for (int tries = 0; tries < kMostTries; ++tries) {
    const SteadyTime now = clock_.SteadyNow();
    if (!link_.IsUsable()) break;
    const RedisClock clock = link_.clock();
    const std::string run_id = link_.run_id();
    least_observed = std::max({least_observed, request.observed_from_redis,
                               LeastObserved(request.observed_from, clock, now)});
    least_failed = std::max(least_failed, LeastFailed(request.failed_from, clock, now));
    const std::vector<std::string> arguments =
        ArgumentsOf(request, run_id, least_observed, least_failed);
    ScriptCall call{AcquireScript(),
                    {login.reading, login.lease, login.bucket, login.pause, login.hold_off},
                    Views(arguments),
                    run_id};
    auto reply = co_await Run(std::move(call));
    if (!reply) co_return tl::unexpected<RedisError>(std::move(reply.error()));
    const std::string& word = reply->word;
    const auto time = TimeAt(*reply, 0);
    if (!time) co_return OddReply();
    if (word == "GRANTED") co_return GrantedOf(*reply, link_.clock(), run_id);
    if (word == "BUSY") {
      co_return LeaseBusy{link_.clock().SurelyAfter(*time), std::string(TextAt(*reply, 1))};
    }
    if (word == "LATER") co_return OutOfTurnOf(*time, *reply, link_.clock());
    if (word == "HELD_OFF") co_return HeldOffOf(login, *reply, *time);
    if (word != "READING" && word != "FAILED") co_return OddReply();
    auto& passed_over = word == "READING" ? least_observed : least_failed;
    passed_over = std::max(passed_over, *time + microseconds(1));
    if (link_.clock().IsDoubtful(*time)) continue;
    auto value = vault_->Open(login.reading, TextAt(*reply, 1), *time);
    if (value && std::holds_alternative<StoredReading>(*value) == (word == "READING")) {
      co_return AcquiredOf(NewsOf(*std::move(value), link_.clock(), reply->now, clock_.SteadyNow()),
                           request, now);
    }
    if (value) vault_->Report(StoredValueFault::kMalformed);
  }
  co_return RedisFailure(RedisErrorKind::kAway, "Redis is not used for now");
}

asio::awaitable<RedisResult<StoreOutcome>> RedisFleetStore::TryStore(StoreRequest request) {
  if (!link_.IsUsable()) co_return RedisFailure(RedisErrorKind::kAway, "Redis is not used for now");
  const LoginNames& login = request.login;
  const std::string run_id = link_.run_id();
  if (request.grant && request.grant->run_id != run_id) {
    co_return RedisFailure(RedisErrorKind::kAway, "Redis was replaced while the request ran");
  }
  const RedisTime observed = ObservedOf(request, link_.clock());
  const bool is_reading = std::holds_alternative<Reading>(request.result);
  std::string sealed = vault_->Close(login.reading, StoredOf(std::move(request.result), observed));
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
  ScriptCall call{StoreScript(), {login.reading, login.lease}, Views(arguments), run_id};
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
  std::string sealed = vault_->Close(name, because);
  // It holds all the same, for a reason that cannot be read.
  return sealed.size() > kMostValueBytes ? std::string() : sealed;
}

asio::awaitable<RedisResult<void>> RedisFleetStore::TryRate(RateNews news) {
  if (!link_.IsUsable()) co_return RedisFailure(RedisErrorKind::kAway, "Redis is not used for now");
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
        auto value = vault_->Open(name, payload, std::nullopt);
        if (!value || !clock.is_known()) return;
        const SteadyTime now = clock_.SteadyNow();
        // One of the future is of a time before Redis's clock was set back.
        if (balance::ObservedOf(*value) > clock.Latest(now)) return;
        on_news(NewsOf(*std::move(value), clock, clock.Earliest(now), now));
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
