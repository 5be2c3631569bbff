#pragma once

// FleetStore in Redis: three scripts, each one round trip and atomic, all on Redis's clock.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "clients/core/clock.h"
#include "clients/core/random.h"
#include "clients/redis/fleet_clock.h"
#include "clients/redis/fleet_observer.h"
#include "clients/redis/fleet_store.h"
#include "clients/redis/redis_dialer.h"
#include "clients/redis/redis_link.h"
#include "clients/redis/redis_settings.h"
#include "clients/redis/redis_subscriber.h"
#include "clients/redis/seal.h"
#include "clients/redis/value_vault.h"
#include "clients/redis/wake_list.h"

namespace balance {

// Commands that the scripts and connections use: the ACL of the user needs them, and `~bal:*
// &bal:*`.
inline constexpr std::string_view kRedisAcl =
    "~bal:* &bal:* +info +role +ping +time +eval +evalsha +subscribe +unsubscribe +publish +hmget "
    "+hset +del +pexpire";

class RedisFleetStore final : public FleetStore {
 public:
  // `clock` and `observer` must outlive the loop's work, and the store the operations on it.
  // `shared_clock` follows Redis's, and has to outlive them too; it may be null.
  RedisFleetStore(boost::asio::io_context& loop, Clock& clock, Random random,
                  RedisSettings settings, Seal seal, FleetObserver& observer,
                  FleetClock* shared_clock = nullptr);
  RedisFleetStore(const RedisFleetStore&) = delete;
  RedisFleetStore& operator=(const RedisFleetStore&) = delete;
  ~RedisFleetStore() override;

  boost::asio::awaitable<RedisResult<Acquired>> Acquire(AcquireRequest request) override;
  boost::asio::awaitable<RedisResult<StoreOutcome>> Store(StoreRequest request) override;
  boost::asio::awaitable<RedisResult<void>> Release(LoginNames login, Granted grant) override;
  boost::asio::awaitable<RedisResult<void>> Rate(RateNews news) override;
  std::unique_ptr<Subscription> Subscribe(const LoginNames& names, OnNews on_news) override;
  bool IsUsable() const override { return link_.IsUsable(); }
  std::unique_ptr<Subscription> AwaitUsable(std::function<void()> on_usable) override;
  const RedisClock* redis_clock() const override {
    return link_.clock().is_known() ? &link_.clock() : nullptr;
  }

  // Uses these from now on: for connections to come, and for values.
  void Renew(RedisLogin redis, RedisLogin sentinels, Seal seal);

  // Ends the connections for good: Redis is away from now on.
  void Stop();

  const RedisHealth& health() const { return link_.health(); }
  // Redis's clock less our wall clock; unset if that is not known.
  std::optional<Duration> ClockOffset() const;
  // Whether messages come in.
  bool IsListening() const { return subscriber_.is_up(); }

 private:
  boost::asio::awaitable<RedisResult<Acquired>> TryAcquire(AcquireRequest request);
  boost::asio::awaitable<RedisResult<StoreOutcome>> TryStore(StoreRequest request);
  boost::asio::awaitable<RedisResult<void>> TryRelease(LoginNames login, Granted grant);
  boost::asio::awaitable<RedisResult<void>> TryRate(RateNews news);
  // Empty if it is too large.
  std::string SealedReason(const std::string& name, const StoredValue& because);
  // Runs a script. Reports data that it took for missing to the observer.
  boost::asio::awaitable<RedisResult<ScriptReply>> Run(ScriptCall call);
  // Tells the observer how an operation has ended.
  template <typename T>
  void Count(FleetOperation operation, const RedisResult<T>& result, std::string_view outcome);
  Acquired HeldOffOf(const LoginNames& login, const ScriptReply& reply, RedisTime until) const;

  Clock& clock_;
  FleetObserver& observer_;
  std::unique_ptr<const ValueVault> vault_;
  const std::shared_ptr<RedisDialer> dialer_;
  RedisSubscriber subscriber_;
  WakeList await_usable_;
  RedisLink link_;
};

}  // namespace balance
