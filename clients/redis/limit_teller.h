#pragma once

// Has the limits that an upstream states to this replica count for all of them.

#include <memory>

#include "clients/core/balance_source.h"
#include "clients/core/clock.h"
#include "clients/core/error.h"
#include "clients/core/loop_executor.h"
#include "clients/core/reading.h"
#include "clients/core/result.h"
#include "clients/redis/fleet_store.h"
#include "clients/redis/login_names.h"

namespace balance {

// Of one source. Nobody waits for what it tells. Used on its shard's thread only.
class LimitTeller {
 public:
  // `interval` is that of the requests that all replicas together may send. `names` and
  // `clock` must outlive it.
  LimitTeller(LoopExecutor executor, std::shared_ptr<FleetStore> store, const LoginNames& names,
              Duration interval, Clock& clock);
  LimitTeller(const LimitTeller&) = delete;
  LimitTeller& operator=(const LimitTeller&) = delete;
  ~LimitTeller() = default;

  // Tells the other replicas of the pause and of the pace that the upstream asked for when it
  // answered a request with `result`. `progress` says when that was sent. `below` is the outlook of
  // the source below, which has just learned both from the answer. A pace that has been told is
  // told again once in a while only.
  void Tell(const Result<Reading>& result, const FetchProgress& progress, const SendOutlook& below);

  // Ends the hold-off of a secret for all, and says true, if this source has told of the rejection
  // and what is below would try the secret again by now: because the credential before it has
  // ended, or another source was served.
  bool Forgive(const HeldOff& held, const SendOutlook& below);

 private:
  void AddPause(const Error& error, const SendOutlook& below, RateNews& news);
  void Send(RateNews news) const;

  const LoopExecutor executor_;
  const std::shared_ptr<FleetStore> store_;
  const LoginNames& names_;
  const Duration interval_;
  Clock& clock_;
  // The end of the hold-off of the secret that this source has told to all replicas.
  SteadyTime rejected_until_ = SteadyTime::min();
  // The slowest pace that was told, and when to tell of a present one again.
  Duration told_interval_{0};
  SteadyTime tell_interval_again_at_ = SteadyTime::min();
};

}  // namespace balance
