#pragma once

// Listens on channels of the primary, on a connection of its own, which it makes anew when it is
// lost. What is published meanwhile is lost: nothing may hang on a message.

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "clients/core/clock.h"
#include "clients/core/random.h"
#include "clients/redis/redis_dialer.h"

namespace balance {

// Used on its loop's thread only.
class RedisSubscriber {
 public:
  // Told of a message; `payload` is valid during the call. It may subscribe and unsubscribe.
  using OnPayload = std::function<void(std::string_view payload)>;

  // Ends with it, silently. It may outlive the subscriber.
  class Subscription {
   public:
    virtual ~Subscription() = default;
  };

  struct Settings {
    // A connection that is silent so long is asked whether it lives.
    Duration ping_interval = std::chrono::seconds(5);
    // Between attempts to connect, give or take the jitter.
    Duration pause = std::chrono::seconds(1);
    double jitter = 0.5;
  };

  // Connects at once. `clock` must outlive the loop's work.
  RedisSubscriber(boost::asio::io_context& loop, Clock& clock, Random random,
                  std::shared_ptr<RedisDialer> dialer)
      : RedisSubscriber(loop, clock, std::move(random), std::move(dialer), Settings()) {}
  RedisSubscriber(boost::asio::io_context& loop, Clock& clock, Random random,
                  std::shared_ptr<RedisDialer> dialer, Settings settings);
  RedisSubscriber(const RedisSubscriber&) = delete;
  RedisSubscriber& operator=(const RedisSubscriber&) = delete;
  ~RedisSubscriber();

  // Ends the connection for good; nobody is told anything more.
  void Stop();

  // Several may listen on one channel.
  [[nodiscard]] std::unique_ptr<Subscription> Subscribe(std::string channel, OnPayload on_payload);

  // The primary is this one now: a connection to another one is made anew. What another one
  // publishes meanwhile is dropped, as its times are of another clock.
  void ExpectRunId(const std::string& run_id);

  // Whether the connection stands and all channels so far are subscribed to.
  bool is_up() const;

 private:
  class State;

  const std::shared_ptr<State> state_;
};

}  // namespace balance
