#pragma once

// Decides what one login may send, by its own failures and by the state of the host.

#include <atomic>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <utility>

#include "clients/core/clock.h"
#include "clients/core/error.h"
#include "clients/core/path_state.h"
#include "clients/core/random.h"
#include "clients/resilience/breaker.h"
#include "clients/resilience/host_breaker.h"

namespace balance {

// A login is one credential at one address; the sources that use it share this. Used on its shard's
// thread only, except State() and Forbids().
class LoginBreaker {
 public:
  // Leave to send one request. It must be told how that ended; dropped without, it counts as given
  // up, which says nothing about anybody.
  class Permit {
   public:
    Permit(LoginBreaker& login, Breaker::Permit own, bool probes_host, SteadyTime begun)
        : login_(&login), own_(std::move(own)), probes_host_(probes_host), begun_(begun) {}
    Permit(Permit&& other) noexcept
        : login_(std::exchange(other.login_, nullptr)),
          own_(std::move(other.own_)),
          probes_host_(other.probes_host_),
          begun_(other.begun_) {}
    Permit& operator=(Permit&&) = delete;
    Permit(const Permit&) = delete;
    Permit& operator=(const Permit&) = delete;
    ~Permit();

    // An answer that is no failure of login or host, good or not.
    void Succeeded(SteadyTime now);
    // Counts for the login. What shows that the host cannot be reached counts for the host too, and
    // an answer, whatever it says, shows that it can be. So does a probe of the host whose request
    // was written, even if no answer came.
    void Failed(Now now, const Error& error);

   private:
    LoginBreaker* login_;
    Breaker::Permit own_;
    bool probes_host_;
    SteadyTime begun_;
  };

  LoginBreaker(std::shared_ptr<HostBreaker> host, Random random);
  LoginBreaker(const LoginBreaker&) = delete;
  LoginBreaker& operator=(const LoginBreaker&) = delete;
  ~LoginBreaker();

  // Permit for one request now; unset if none may be sent, because of Because(), maybe until
  // Until().
  std::optional<Permit> Admit(SteadyTime now);

  // Why nothing may be sent at `now`; null if Admit() would give a permit. A failure that this
  // login met, or that of its host, which it has met too and which then says since when.
  std::shared_ptr<const Error> Because(SteadyTime now) const;
  // When it is worth asking again. REQUIRES: Because(now).
  SteadyTime Until(SteadyTime now) const;

  // See Breaker.
  bool UsuallyTakesLongerThan(Duration time) const { return own_.UsuallyTakesLongerThan(time); }
  void OnReload() { own_.OnReload(); }

  // State of the login's breaker or of the host's, whichever is stricter. Thread-safe.
  BreakerState State(SteadyTime now) const;
  // Whether no request may be sent now. Thread-safe.
  bool Forbids(SteadyTime now) const;

 private:
  friend class HostBreaker;

  bool HasMetHostsTrouble() const { return met_ == host_->trouble_; }
  std::shared_ptr<const Error> BecauseOfHost(SteadyTime now) const;
  void TakePlace(SteadyTime now);
  void LeaveQueue();

  const std::shared_ptr<HostBreaker> host_;
  Breaker own_;
  // The latest trouble of the host that it met.
  std::atomic<std::uint64_t> met_ = 0;
  std::optional<std::list<HostBreaker::Place>::iterator> place_;
};

}  // namespace balance
