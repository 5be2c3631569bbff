#pragma once

// What the answers of the other replicas say of a login: who reads it, what is left of its budget,
// and whether its upstream wants to be left alone.

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "clients/core/clock.h"
#include "clients/core/reading.h"
#include "clients/core/result.h"
#include "clients/redis/fleet_store.h"
#include "clients/resilience/fleet_login.h"

namespace balance {

// Ends a fetch that `held` forbids at `now`, with what the upstream has said to another replica.
Result<Reading> RefuseHeld(const HeldOff& held, SteadyTime now);

// Of one source. Those who watch it are told through its FleetLogin. Used on its shard's thread
// only; time is an argument.
class LoginStanding {
 public:
  // `replica` is the name of this one.
  LoginStanding(std::shared_ptr<FleetLogin> login, std::string replica)
      : login_(std::move(login)), replica_(std::move(replica)) {}

  // Of each answer to whether a request may be sent, which came at `now`.
  void OnAnswer(const Acquired& acquired, SteadyTime now);
  // Another replica has told of what its request brought, which was sent at `sent`.
  void OnNews(SteadyTime sent);
  // The upstream has answered well what some replica, maybe this one, sent at `sent`. What forbids
  // requests since then stays.
  void OnServed(SteadyTime sent);

  // What forbids requests at `now`, by the latest answer, which holds while there is none too.
  // Null: nothing does.
  const HeldOff* HeldAt(SteadyTime now) const;
  // Whether more than half of the budget could go at once.
  bool HasSpare(SteadyTime now) const { return login_->HasSpare(now); }

 private:
  const std::shared_ptr<FleetLogin> login_;
  const std::string replica_;
  // Unset: the latest answer did not say so.
  std::optional<HeldOff> held_;
  // When held_ was told.
  SteadyTime held_since_;
};

}  // namespace balance
