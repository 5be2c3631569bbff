#pragma once

// FleetStore in Redis: three scripts, each one round trip and atomic, all on Redis's clock.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <memory>
#include <optional>
#include <string_view>

#include "clients/core/clock.h"
#include "clients/core/random.h"
#include "clients/redis/fleet_store.h"
#include "clients/redis/redis_dialer.h"
#include "clients/redis/redis_link.h"
#include "clients/redis/redis_settings.h"
#include "clients/redis/redis_subscriber.h"
#include "clients/redis/seal.h"

namespace balance {

// Told on the shard's thread.
class FleetObserver {
 public:
  virtual ~FleetObserver() = default;

  // A value in Redis cannot be used: somebody has changed it, or the replicas have different keys
  // or releases.
  virtual void OnBadValue(StoredValueFault /*fault*/) {}
};

// Commands that the scripts and connections use: the ACL of the user needs them, and `~bal:*
// &bal:*`.
inline constexpr std::string_view kRedisAcl =
    "~bal:* &bal:* +info +role +ping +time +eval +evalsha +subscribe +unsubscribe +publish +hmget "
    "+hset +del +pexpire";

class RedisFleetStore final : public FleetStore {
 public:
  // `clock` and `observer` must outlive the loop's work, and the store the operations on it.
  RedisFleetStore(boost::asio::io_context& loop, Clock& clock, Random random,
                  RedisSettings settings, Seal seal, FleetObserver& observer);
  RedisFleetStore(const RedisFleetStore&) = delete;
  RedisFleetStore& operator=(const RedisFleetStore&) = delete;
  ~RedisFleetStore() override;

  boost::asio::awaitable<RedisResult<Acquired>> Acquire(AcquireRequest request) override;
  boost::asio::awaitable<RedisResult<StoreOutcome>> Store(StoreRequest request) override;
  boost::asio::awaitable<RedisResult<void>> Release(LoginNames login, Granted grant) override;
  boost::asio::awaitable<RedisResult<void>> Rate(RateNews news) override;
  std::unique_ptr<Subscription> Subscribe(const LoginNames& names, OnNews on_news) override;
  bool IsUsable() const override { return link_.IsUsable(); }

  const RedisHealth& health() const { return link_.health(); }
  // Redis's clock less our wall clock; unset if that is not known.
  std::optional<Duration> ClockOffset() const;
  // Whether messages come in.
  bool IsListening() const { return subscriber_.is_up(); }

 private:
  class Vault;

  Acquired HeldOffOf(const LoginNames& login, const ScriptReply& reply, RedisTime until) const;

  Clock& clock_;
  const std::unique_ptr<const Vault> vault_;
  const std::shared_ptr<RedisDialer> dialer_;
  RedisSubscriber subscriber_;
  RedisLink link_;
};

}  // namespace balance
