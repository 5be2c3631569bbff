#pragma once

// One connection to Redis, on which any number of callers may have commands under way.

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "clients/core/clock.h"
#include "clients/core/loop_executor.h"
#include "clients/redis/byte_stream.h"
#include "clients/redis/redis_error.h"
#include "clients/redis/redis_reply.h"

namespace balance {

// Some commands that go out together. Their bytes are wiped in the end, for a password may be among
// them.
class RedisPipeline {
 public:
  RedisPipeline() = default;
  RedisPipeline(RedisPipeline&&) noexcept = default;
  RedisPipeline& operator=(RedisPipeline&&) = delete;
  RedisPipeline(const RedisPipeline&) = delete;
  RedisPipeline& operator=(const RedisPipeline&) = delete;
  ~RedisPipeline();

  RedisPipeline& Add(const std::vector<std::string_view>& command);

  std::size_t size() const { return size_; }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
  std::size_t size_ = 0;
};

// Redis answers in the order of the commands, and nothing in an answer says whose it is. So a
// connection ends with the first answer that does not come in time, that nobody asked for or that
// cannot be read: the late answer to one command must never be taken for that to the next one. An
// error that Redis answers with is an answer like any other.
//
// Used on its loop's thread only.
class RedisConnection {
 public:
  // Told of a message on a channel; payload and channel are valid during the call.
  using OnMessage = std::function<void(std::string_view channel, std::string_view payload)>;

  // `clock` must outlive the connection. With `on_message` the connection may subscribe, and all
  // its messages go there; it is not called after destruction.
  RedisConnection(LoopExecutor executor, Clock& clock, std::unique_ptr<ByteStream> stream,
                  OnMessage on_message = nullptr);
  RedisConnection(const RedisConnection&) = delete;
  RedisConnection& operator=(const RedisConnection&) = delete;
  // Fails what is under way with kUnreachable.
  ~RedisConnection();

  // Sends the commands and returns as many replies, error replies included. Fails with kTimedOut,
  // kUnreachable or kProtocol, for all callers, and then the connection is over. A caller who is
  // cancelled ends the connection too.
  boost::asio::awaitable<RedisResult<std::vector<RedisReply>>> Call(RedisPipeline commands,
                                                                    SteadyTime deadline);

  bool is_open() const;
  // Why it is over. REQUIRES: !is_open().
  const RedisError& failure() const;

  // Returns once the connection is over. At most one caller at a time.
  boost::asio::awaitable<void> AwaitEnd();

  void Close();

 private:
  class State;

  const std::shared_ptr<State> state_;
};

}  // namespace balance
