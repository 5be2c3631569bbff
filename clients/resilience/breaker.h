#pragma once

// The circuit breaker of one upstream host: while the host is in trouble it gets probes only.

#include <atomic>
#include <deque>
#include <memory>
#include <optional>
#include <utility>

#include "clients/core/clock.h"
#include "clients/core/error.h"
#include "clients/core/path_state.h"
#include "clients/core/random.h"
#include "clients/core/shared_time.h"
#include "clients/resilience/latency_window.h"

namespace balance {

// Time is an argument. Used on its shard's thread only, except State().
class Breaker {
 public:
  struct Settings {
    // Opens after so many failures in a row,
    int failures_in_a_row = 5;
    // or when, of at least so many calls within the window, this share failed.
    int calls = 10;
    double failed_share = 0.5;
    Duration window = std::chrono::seconds(10);
    // Stays open this long, twice as long each time until it closes, give or take the jitter.
    Duration open = std::chrono::seconds(5);
    Duration longest_open = std::chrono::seconds(60);
    double jitter = 0.2;
    // Probes that must succeed to close it.
    int probes = 2;
  };

  // Leave to send one request. It must be told how that ended; dropped without, it counts as
  // given up, which says nothing about the host.
  class Permit {
   public:
    Permit(Breaker& breaker, bool is_probe, SteadyTime begun)
        : breaker_(&breaker), is_probe_(is_probe), begun_(begun) {}
    Permit(Permit&& other) noexcept
        : breaker_(std::exchange(other.breaker_, nullptr)),
          is_probe_(other.is_probe_),
          begun_(other.begun_) {}
    Permit& operator=(Permit&&) = delete;
    ~Permit();

    void Succeeded(SteadyTime now);
    // `by_deadline`: our own deadline cut it short, which is no failure of a host that usually
    // needs longer.
    void Failed(SteadyTime now, const Error& error, bool by_deadline);

   private:
    Breaker* breaker_;
    bool is_probe_;
    SteadyTime begun_;
  };

  explicit Breaker(Random random) : Breaker(std::move(random), Settings()) {}
  Breaker(Random random, Settings settings);

  // Unset: no request may be sent now; because of Because(), until Until() or the end of the probe.
  std::optional<Permit> Admit(SteadyTime now);

  // Why nothing may be sent at `now`; null if Admit() would give a permit.
  std::shared_ptr<const Error> Because(SteadyTime now) const;
  SteadyTime Until() const { return open_until_; }

  // Thread-safe.
  BreakerState State(SteadyTime now) const;

 private:
  struct Call {
    SteadyTime end;
    bool failed;
  };

  void EndProbe() { probing_ = false; }
  void OnSuccess(bool was_probe, SteadyTime begun, SteadyTime now);
  void OnFailure(bool was_probe, SteadyTime begun, SteadyTime now, const Error& error,
                 bool by_deadline);
  void Count(SteadyTime now, bool failed);
  bool ShouldOpen() const;
  void Open(SteadyTime now, const Error& error);
  void Close();

  const Settings settings_;
  Random random_;
  // Within the window, and how many of them failed.
  std::deque<Call> calls_;
  int failed_calls_ = 0;
  LatencyWindow latency_;
  int failures_in_a_row_ = 0;
  bool is_open_ = false;
  SteadyTime open_until_ = SteadyTime::min();
  int opened_in_a_row_ = 0;
  bool probing_ = false;
  int good_probes_ = 0;
  std::shared_ptr<const Error> because_;

  std::atomic<bool> shared_is_open_ = false;
  SharedTime shared_until_;
};

}  // namespace balance
