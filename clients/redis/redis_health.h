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
// second or so. A good one closes it again, on trial: until an operation has gone well, or for the
// window, the next failure opens it at once, and then no probe closes it until a pause has passed
// that doubles with each trial that fails. So a Redis that answers probes and nothing else costs
// one failed operation in the longest pause.
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
    // For how long it stays open after a trial that failed: the first in a row, and at most. With a
    // probe more that is well below the window, so who takes a window without failures for a sign
    // of health has seen a trial in it.
    Duration first_pause = std::chrono::seconds(2);
    Duration longest_pause = std::chrono::seconds(4);
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
  void OnSuccess();
  // A probe went well; a new connection is one too.
  void OnProbeSuccess(SteadyTime now);
  // An operation or a probe failed.
  void OnFailure(SteadyTime now, const RedisError& error);
  void OnConnected() { is_connected_ = true; }
  void OnDisconnected() { is_connected_ = false; }

  // How long to wait until the next probe; random.
  Duration NextProbe();

 private:
  bool HasFailedTooOften(SteadyTime now) const;
  void Open(SteadyTime now);

  const Settings settings_;
  Random random_;
  bool is_connected_ = false;
  bool is_open_ = false;
  std::uint64_t times_opened_ = 0;
  // It was opened before; a probe has closed it at `closed_at_`, and no operation has gone well
  // since.
  bool is_on_trial_ = false;
  SteadyTime closed_at_;
  // Number of trials in a row that failed, and before when no probe closes it.
  int failed_trials_ = 0;
  SteadyTime stays_open_until_ = SteadyTime::min();
  // Times of the latest failures, oldest first.
  std::array<SteadyTime, Settings::kFailures> failed_at_;
  std::array<std::uint64_t, kRedisErrorKindCount> by_kind_{};
  std::optional<RedisError> reason_;
};

}  // namespace balance
