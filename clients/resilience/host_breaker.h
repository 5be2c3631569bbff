#pragma once

// The circuit breaker of one upstream host and port: while no login can connect to it, it gets one
// probe at a time.

#include <atomic>
#include <cstdint>
#include <list>
#include <memory>
#include <set>

#include "clients/core/clock.h"
#include "clients/core/error.h"
#include "clients/core/random.h"
#include "clients/core/shared_time.h"

namespace balance {

class LoginBreaker;

// It judges by the connection alone (Error::is_connect_failure). A host that answers anything to
// any login is up. A time-out after the request was written may be one login's own; that of a
// probe, which goes over a new connection, shows that one can be made. So no login's trouble can
// keep another one from being read.
//
// A login that has not met the trouble itself still goes, once: nothing shows that it would meet
// it, and nobody is told a failure that it did not meet. The probes of those that have met it go
// round, so that none takes the turn of another. One answer to whichever login ends it all.
//
// The state that the LoginBreakers at the host share, and which they alone use, on their shard's
// thread; what is atomic is read by others too.
class HostBreaker {
 public:
  struct Settings {
    // Opens after so many failed connections in a row, of whichever logins.
    int failures_in_a_row = 5;
    // Stays open this long, twice as long after each probe that fails, give or take the jitter but
    // never shorter than `open` nor longer than `longest_open`.
    Duration open = std::chrono::seconds(5);
    Duration longest_open = std::chrono::seconds(60);
    double jitter = 0.2;
    // A probe waits this long for the login whose turn it is; then any other may have it.
    Duration turn_patience = std::chrono::seconds(1);
    // A login that has not asked for so long has lost its turn. A pause is not counted, since those
    // who were told how long it lasts have no reason to ask before its end.
    Duration interest = std::chrono::seconds(10);
  };

  explicit HostBreaker(Random random) : HostBreaker(std::move(random), Settings()) {}
  HostBreaker(Random random, Settings settings);
  HostBreaker(const HostBreaker&) = delete;
  HostBreaker& operator=(const HostBreaker&) = delete;
  ~HostBreaker() = default;

 private:
  friend class LoginBreaker;

  // A login that was refused since its latest probe.
  struct Place {
    LoginBreaker* login;
    SteadyTime asked;
  };

  // Why `login`, which has met the trouble, may not probe at `now`; null if it may.
  std::shared_ptr<const Error> Because(const LoginBreaker& login, SteadyTime now) const;
  // When it is worth asking again.
  SteadyTime Until(SteadyTime now) const;
  // Begins a probe by `login`, which leaves the queue.
  void BeginProbe(LoginBreaker& login, SteadyTime now);
  void EndProbe();

  // A request that was sent at `begun` got an answer, or showed that a connection can be made.
  void OnAnswer(SteadyTime begun, SteadyTime now);
  void OnNoConnection(bool was_probe, Now now, const Error& error);
  void Open(SteadyTime now, const Error& error);
  bool IsInterested(const Place& place, SteadyTime now) const;
  bool IsOthersTurn(const LoginBreaker& login, SteadyTime now) const;
  void ForgetUninterested(SteadyTime now);

  const Settings settings_;
  Random random_;
  std::set<LoginBreaker*> logins_;
  int failures_in_a_row_ = 0;
  // Time of the first of these failures.
  WallTime failing_since_;
  // Numbers the troubles: failures in a row without an answer between them are one.
  std::atomic<std::uint64_t> trouble_ = 1;
  bool is_down_ = false;
  SteadyTime down_at_ = SteadyTime::min();
  SteadyTime down_until_ = SteadyTime::min();
  int opened_in_a_row_ = 0;
  bool probing_ = false;
  std::shared_ptr<const Error> because_;
  // Logins in the order in which they may probe.
  std::list<Place> queue_;

  // Copies of the state, for other threads.
  std::atomic<bool> shared_is_down_ = false;
  std::atomic<bool> shared_is_probing_ = false;
  SharedTime shared_until_;
};

}  // namespace balance
