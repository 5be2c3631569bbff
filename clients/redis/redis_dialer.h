#pragma once

// Makes connections to the primary: asks the Sentinels where it is, logs in, and makes sure that
// what answers can serve.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>
#include <string_view>

#include "clients/core/clock.h"
#include "clients/redis/redis_clock.h"
#include "clients/redis/redis_connection.h"
#include "clients/redis/redis_error.h"
#include "clients/redis/redis_settings.h"

namespace balance {

// A connection to the primary that has just been made.
struct PrimaryConnection {
  std::unique_ptr<RedisConnection> connection;
  // Identifies the process: another one after each restart and on each machine.
  std::string run_id;
  // What was learned of Redis's clock.
  ClockSample clock;
};

// The oldest version that is used: its scripts replicate what they did, not how.
inline constexpr std::string_view kLeastRedisVersion = "6.2";

// Used on its loop's thread only. Has no state but which Sentinel was right last.
class RedisDialer {
 public:
  // `clock` and the loop must outlive the dialer and its connections.
  RedisDialer(boost::asio::io_context& loop, Clock& clock, RedisSettings settings);

  // Connects to the primary before `deadline`. Refuses, each with an error that says what to do: a
  // replica, a cluster, a version below kLeastRedisVersion, one that is loading, and one that takes
  // another login.
  boost::asio::awaitable<RedisResult<PrimaryConnection>> Open(
      SteadyTime deadline, RedisConnection::OnMessage on_message = nullptr);

  // Logs in so from the next connection on, at Redis and, if there are any, at the Sentinels.
  void SetLogins(RedisLogin redis, RedisLogin sentinels);

  const RedisSettings& settings() const { return settings_; }

 private:
  boost::asio::awaitable<RedisResult<PrimaryConnection>> OpenAt(
      HostPort server, SteadyTime deadline, RedisConnection::OnMessage on_message);
  boost::asio::awaitable<RedisResult<std::unique_ptr<RedisConnection>>> Connect(
      HostPort server, SteadyTime deadline, RedisConnection::OnMessage on_message);
  struct FoundPrimary {
    HostPort address;
    // Index of the Sentinel that says so.
    std::size_t sentinel = 0;
  };

  boost::asio::awaitable<RedisResult<FoundPrimary>> FindPrimary(SteadyTime deadline);
  void PassOver(std::size_t sentinel);
  boost::asio::awaitable<RedisResult<HostPort>> AskSentinel(HostPort sentinel, SteadyTime deadline);

  boost::asio::io_context& loop_;
  Clock& clock_;
  RedisSettings settings_;
  // Index of the Sentinel to ask first.
  std::size_t first_sentinel_ = 0;
};

}  // namespace balance
