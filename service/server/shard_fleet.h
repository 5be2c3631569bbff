#pragma once

// What a shard shares with other replicas: the store that its sources meet them in, and what they
// may use of a rate while it is away.

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "clients/core/alarm.h"
#include "clients/core/balance_source.h"
#include "clients/core/clock.h"
#include "clients/core/published.h"
#include "clients/core/random.h"
#include "clients/redis/fleet_clock.h"
#include "clients/redis/redis_fleet_store.h"
#include "clients/redis/reserve_budget.h"
#include "clients/resilience/fleet_login.h"
#include "service/config/config.h"
#include "service/config/source_login.h"
#include "service/observe/fleet_monitor.h"
#include "service/observe/redis_standing.h"

namespace balance {

// A name for this replica that tells nothing: eight hexadecimal digits of chance.
std::string RandomReplicaName();

// Used on its shard's thread only, but for state(). Connects at once, and again whenever Redis was
// away; nothing waits for that.
class ShardFleet {
 public:
  struct Parts {
    FleetConfig config;
    // Opaque, and different in all replicas.
    std::string replica;
    // This machine's clock, and the one that follows Redis's. Both must outlive the loop's work.
    Clock& own_clock;
    FleetClock& shared_clock;
    // Must outlive the loop's work too.
    FleetMonitor& monitor;
    std::uint64_t seed = 0;
  };

  ShardFleet(boost::asio::io_context& loop, Parts parts);
  ShardFleet(const ShardFleet&) = delete;
  ShardFleet& operator=(const ShardFleet&) = delete;
  ~ShardFleet();

  // What there is to tell of how the source's login is shared.
  std::shared_ptr<FleetLogin> MakeLogin(const SourceConfig& config) const;

  // `next` as one of all that read the login of `config`, in all replicas. `credential` is its
  // CredentialFingerprint().
  std::unique_ptr<BalanceSource> Share(std::unique_ptr<BalanceSource> next,
                                       const SourceConfig& config, const Fingerprint& credential,
                                       std::shared_ptr<FleetLogin> login);

  // Logs in and seals as `config` says from now on. REQUIRES: it is Renewed() of the one before.
  void Renew(const FleetConfig& config);
  // The configuration was read anew: forgets credentials that no source uses.
  void OnReload();

  // Tells the monitor how things stand, and again a little later.
  void Watch();
  // Ends the connections a moment later, so that leases can still be given back.
  void Stop();

  // Thread-safe.
  FleetLinkState state() const { return *state_.Get(); }

 private:
  struct Credential {
    RateSettings rate;
    std::shared_ptr<ReserveBudget> reserve;
  };

  std::shared_ptr<ReserveBudget> ReserveOf(const SourceConfig& config,
                                           const Fingerprint& credential);
  FleetLinkState LinkState();
  Random NextRandom() { return SeededRandom(seed_++); }

  boost::asio::io_context& loop_;
  Clock& clock_;
  const std::string replica_;
  const int max_replicas_;
  const double reserve_;
  const Duration operation_timeout_;
  std::uint64_t seed_;
  std::uint64_t last_source_ = 0;
  // Told by the store, and ends with it.
  const std::shared_ptr<RedisStanding> standing_;
  const std::shared_ptr<RedisFleetStore> store_;
  const std::shared_ptr<std::atomic<bool>> is_connected_ =
      std::make_shared<std::atomic<bool>>(false);
  // By the fingerprint of the credential.
  std::map<Fingerprint, Credential> credentials_;
  // Since when the channels have not been subscribed to although Redis can be used.
  std::optional<SteadyTime> unheard_since_;
  Published<FleetLinkState> state_;
  Alarm tick_;
};

}  // namespace balance
