#pragma once

// Decides whether Redis is used: a circuit breaker, as what is slow or broken must cost a reader no
// more than a few operations.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "clients/core/clock.h"
#include "clients/core/random.h"
#include "clients/redis/redis_error.h"

namespace balance {

// Closed, every operation goes. Some failures within a window open it: none goes, but a probe each
// second or so, and a good one closes it again. What failed before the probe still counts, so the
// next failure within the window opens it at once: a Redis that answers probes and refuses all else
// costs one failed operation a probe.
//
// Time is an argument. Used on one thread.
class RedisHealth {
 public:
  struct Settings {
    // Number of failures within `window` that open the breaker.
    static constexpr std::size_t kFailures = 3;
    Duration window = std::chrono::seconds(10);
    // Between probes, give or take the jitter.
    Duration probe_interval = std::chrono::seconds(1);
    double jitter = 0.2;
  };

  explicit RedisHealth(Random random) : RedisHealth(std::move(random), Settings()) {}
  RedisHealth(Random random, Settings settings);

  // Whether an operation may be tried.
  bool Admits() const { return !is_open_ && is_connected_; }
  bool is_open() const { return is_open_; }
  // Whether there is a connection that has been logged in.
  bool is_connected() const { return is_connected_; }

  // Why the latest failure was; unset if what came after it went well.
  const std::optional<RedisError>& reason() const { return reason_; }
  // Number of times that the breaker has opened, and of failures by kind.
  std::uint64_t times_opened() const { return times_opened_; }
  std::uint64_t failures(RedisErrorKind kind) const {
    return by_kind_[static_cast<std::size_t>(kind)];
  }

  // An operation went well.
  void OnSuccess() { reason_.reset(); }
  // A probe went well; a new connection is one too.
  void OnProbeSuccess();
  // An operation or a probe failed.
  void OnFailure(SteadyTime now, const RedisError& error);
  void OnConnected() { is_connected_ = true; }
  void OnDisconnected() { is_connected_ = false; }

  // How long to wait until the next probe; random.
  Duration NextProbe();

 private:
  const Settings settings_;
  Random random_;
  bool is_connected_ = false;
  bool is_open_ = false;
  std::uint64_t times_opened_ = 0;
  // Times of the latest failures, oldest first.
  std::array<SteadyTime, Settings::kFailures> failed_at_;
  std::array<std::uint64_t, kRedisErrorKindCount> by_kind_{};
  std::optional<RedisError> reason_;
};

}  // namespace balance
