#pragma once

// Reads an upstream login once for all replicas: takes what another replica has read, waits for one
// that reads, or is granted the one request that there may be.

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <string>

#include "clients/core/balance_source.h"
#include "clients/core/clock.h"
#include "clients/core/loop_executor.h"
#include "clients/core/random.h"
#include "clients/redis/fleet_store.h"
#include "clients/redis/login_names.h"
#include "clients/redis/reserve_budget.h"
#include "clients/resilience/fleet_login.h"

namespace balance {

// A decorator of a BalanceSource, above the one that paces and below those that try again: each of
// its fetches sends one request at most, for each needs a grant of its own. The pacer below stays
// as a second guard. Without Redis the source goes on alone, with its share of the reserve, and
// offers what it read when Redis is back.
//
// Its parts: AskFleet() asks the other replicas, FleetLease is a request that they grant, LoginNews
// is what they tell unasked, LoginStanding what their answers say of the login. LimitTeller and
// ReadingOffer tell them what this source has learned.
//
// Used on its shard's thread only.
class SharedSource final : public BalanceSource {
 public:
  struct Settings {
    LoginNames names;
    // Unique among all sources of all replicas: see lease_owner.h, whose ReplicaOf() tells the
    // replica's name.
    std::string owner;
    FleetRate rate;
    Duration min_refresh_interval{0};
    // How long a request may take once it is sent. The lease lasts a little longer.
    Duration refresh_budget{};
    // For how long a reading can be of use to anybody.
    Duration time_to_live{};
  };

  // A lease lasts so much longer than the refresh budget, and its holder gives up so long before
  // its end.
  static constexpr Duration kLeaseMargin = std::chrono::milliseconds(500);
  static constexpr Duration kGiveUpBefore = std::chrono::milliseconds(250);

  // `reserve` is shared by the sources of the credential, `login` with those who watch this source.
  // `clock` must outlive the loop's work.
  SharedSource(LoopExecutor executor, std::unique_ptr<BalanceSource> next,
               std::shared_ptr<FleetStore> store, std::shared_ptr<ReserveBudget> reserve,
               std::shared_ptr<FleetLogin> login, Settings settings, Random random, Clock& clock);
  SharedSource(const SharedSource&) = delete;
  SharedSource& operator=(const SharedSource&) = delete;
  ~SharedSource() override;

  // As the decorated source, with the observe time that all replicas have of the reading; or a
  // reading (kSharedCache) or failure of another replica that is as new as the fetch wants, and
  // then `context.progress->shared_sent_at` is set. Fails unsent with kFreshnessUnsatisfied if the
  // budget of the fleet, or another replica that reads, leaves no time before the deadline, and as
  // the upstream's pause or rejection that another replica met.
  boost::asio::awaitable<Result<Reading>> Fetch(FetchContext context) override;

  // While the other replicas can be reached nothing is forbidden for good: another one may have
  // read what must not be asked for here.
  SendOutlook Outlook() const override;

  // Tells every reading of other replicas.
  void Listen(OnReading on_reading) override;

 private:
  class State;

  const std::shared_ptr<State> state_;
};

}  // namespace balance
