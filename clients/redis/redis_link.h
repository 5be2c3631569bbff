#pragma once

// Keeps one connection to the primary, runs scripts on it, and decides whether Redis is used.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "clients/core/clock.h"
#include "clients/core/random.h"
#include "clients/redis/redis_clock.h"
#include "clients/redis/redis_dialer.h"
#include "clients/redis/redis_error.h"
#include "clients/redis/redis_health.h"
#include "clients/redis/redis_reply.h"
#include "clients/redis/scripts.h"

namespace balance {

// A script to run. What it refers to must outlive the call.
struct ScriptCall {
  const RedisScript& script;
  std::vector<std::string_view> keys;
  // Behind the deadline, which the link adds as the first argument.
  std::vector<std::string_view> arguments;
  // The Redis whose clock the times in `arguments` are of: another one is not asked (kAway).
  std::string run_id;
};

// The reply of a script: the word that begins it, Redis's time, and the rest.
struct ScriptReply {
  std::string word;
  RedisTime now;
  // Number of keys and fields that it took for missing, as no script writes them so.
  std::int64_t foreign = 0;
  std::vector<RedisReply> rest;
};

// Callbacks of a RedisLink.
struct RedisLinkHooks {
  // Called for each new connection with the run id of the primary. May be null.
  std::function<void(const std::string& run_id)> on_connected = nullptr;
  // Called whenever more was learned of Redis's clock. May be null.
  std::function<void(const RedisClock& clock)> on_clock = nullptr;
  // Called when Redis's clock is found to have been set by a notable step, by so much at least:
  // back if that is negative. May be null.
  std::function<void(Duration by)> on_clock_set = nullptr;
  // Called whenever IsUsable() has become true. May be null.
  std::function<void()> on_usable = nullptr;
};

// Used on its loop's thread only. No operation waits for a connection: while there is none, all
// fail with kAway. When it finds that Redis's clock was set back, it notes that in Redis, for the
// scripts of all replicas.
class RedisLink {
 public:
  // Connects at once, and again whenever the connection is lost: at once, unless the breaker is
  // open or nothing could be connected to. `clock` must outlive the loop's work. The
  // hooks are not called after destruction.
  RedisLink(boost::asio::io_context& loop, Clock& clock, Random random,
            std::shared_ptr<RedisDialer> dialer, RedisLinkHooks hooks = {});
  RedisLink(const RedisLink&) = delete;
  RedisLink& operator=(const RedisLink&) = delete;
  ~RedisLink();

  // Ends the connection for good.
  void Stop();

  // Runs a script within the operation timeout. One that Redis begins to run later does nothing
  // (kLate). kTimedOut and kUnreachable leave open whether it ran.
  //
  // In a burst the call queues first, which the timeout does not count: a call that queues for too
  // long, or while the connection is lost, fails unsent with kAway, and says nothing of Redis.
  boost::asio::awaitable<RedisResult<ScriptReply>> Run(ScriptCall call);

  const RedisHealth& health() const;
  // Whether an operation may be tried now.
  bool IsUsable() const;
  // The error of one that may not (kAway), with the reason for people.
  tl::unexpected<RedisError> Away() const;
  // Of the primary that is, or was last, connected to. What is known of it outlives a connection.
  const RedisClock& clock() const;
  // Identifies the Redis that clock() is of; empty before the first connection.
  const std::string& run_id() const;

 private:
  class State;

  const std::shared_ptr<State> state_;
};

}  // namespace balance
