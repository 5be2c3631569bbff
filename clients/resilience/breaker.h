#pragma once

// The circuit breaker of one upstream login: while the login keeps failing it gets probes only.

#include <atomic>
#include <memory>
#include <optional>
#include <utility>

#include "clients/core/clock.h"
#include "clients/core/error.h"
#include "clients/core/path_state.h"
#include "clients/core/random.h"
#include "clients/core/shared_time.h"
#include "clients/resilience/call_window.h"
#include "clients/resilience/latency_window.h"

namespace balance {

// What one login met says nothing about another one, so each has a breaker of its own; trouble of
// the host itself is the HostBreaker's. Shared by the sources that use one credential at one
// address. Time is an argument. Used on its shard's thread only, except State().
class Breaker {
 public:
  struct Settings {
    // Opens after so many failures in a row, whatever they are: one more status that will be the
    // same next time, such as a bare 404, is no better than a 503,
    int failures_in_a_row = 5;
    // or when, of at least so many calls within CallWindow::kLength, this share failed. A reply
    // that is no balance (kReplyInvalid) opens it at once: what stands in the way of it does not go
    // away between two reads.
    std::uint32_t calls = 10;
    double failed_share = 0.5;
    // Stays open this long, twice as long each time until it closes, give or take the jitter but
    // never shorter than `open` nor longer than `longest_open`.
    Duration open = std::chrono::seconds(5);
    Duration longest_open = std::chrono::seconds(60);
    double jitter = 0.2;
    // Probes that must succeed to close it.
    int probes = 2;
  };

  // Leave to send one request. It must be told how that ended; dropped without, it counts as
  // given up, which says nothing about the login.
  class Permit {
   public:
    Permit(Breaker& breaker, bool is_probe, SteadyTime begun)
        : breaker_(&breaker), is_probe_(is_probe), begun_(begun) {}
    Permit(Permit&& other) noexcept
        : breaker_(std::exchange(other.breaker_, nullptr)),
          is_probe_(other.is_probe_),
          begun_(other.begun_) {}
    Permit& operator=(Permit&&) = delete;
    Permit(const Permit&) = delete;
    Permit& operator=(const Permit&) = delete;
    ~Permit();

    void Succeeded(SteadyTime now);
    void Failed(SteadyTime now, const Error& error);

   private:
    Breaker* breaker_;
    bool is_probe_;
    SteadyTime begun_;
  };

  explicit Breaker(Random random) : random_(std::move(random)) {}

  // Unset: no request may be sent now; because of Because(), until Until() or the end of the probe.
  std::optional<Permit> Admit(SteadyTime now);

  // Why nothing may be sent at `now`; null if Admit() would give a permit.
  std::shared_ptr<const Error> Because(SteadyTime now) const;
  SteadyTime Until() const { return open_until_; }

  // Whether good answers usually take longer than `time`: then a request that our own deadline cut
  // short after that time is no failure.
  bool UsuallyTakesLongerThan(Duration time) const;

  // The configuration was read anew: closes it where the one before may have been at fault
  // (Error::may_be_configuration).
  void OnReload();

  // The host could not be reached by anybody and now answers: where that was the reason, the next
  // probe is due, if `Settings::open` has passed since the latest one.
  void OnHostBack(SteadyTime now);

  // Thread-safe.
  BreakerState State(SteadyTime now) const;
  // Whether a probe is under way. Thread-safe.
  bool IsProbing() const { return shared_is_probing_; }

 private:
  void SetProbing(bool is_probing);
  void EndProbe() { SetProbing(false); }
  void OnSuccess(bool was_probe, SteadyTime begun, SteadyTime now);
  void OnFailure(bool was_probe, SteadyTime now, const Error& error);
  bool ShouldOpen(const Error& latest) const;
  void Open(SteadyTime now, const Error& error);
  void Close();

  Random random_;
  CallWindow calls_;
  LatencyWindow latency_;
  int failures_in_a_row_ = 0;
  bool is_open_ = false;
  SteadyTime opened_at_ = SteadyTime::min();
  SteadyTime open_until_ = SteadyTime::min();
  int opened_in_a_row_ = 0;
  bool probing_ = false;
  int good_probes_ = 0;
  std::shared_ptr<const Error> because_;

  // Copies of the state, for other threads.
  std::atomic<bool> shared_is_open_ = false;
  std::atomic<bool> shared_is_probing_ = false;
  SharedTime shared_until_;
};

}  // namespace balance
