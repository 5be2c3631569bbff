#pragma once

// A shard with what lives on it: its HTTP transport, and the feeds of its accounts.

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "clients/core/alarm.h"
#include "clients/core/clock.h"
#include "clients/core/connection_limits.h"
#include "clients/core/random.h"
#include "clients/http/http_transport.h"
#include "clients/http/web_socket.h"
#include "clients/push/push_feed.h"
#include "clients/resilience/hold_off.h"
#include "service/config/config.h"
#include "service/feed/account_feed.h"
#include "service/feed/answer_schedule.h"
#include "service/feed/loop_heartbeat.h"
#include "service/feed/shard.h"
#include "service/observe/push_monitor.h"
#include "service/rpc/account_directory.h"
#include "service/server/changes.h"
#include "service/server/push_feeds.h"
#include "service/server/shard_fleet.h"
#include "service/server/source_factory.h"
#include "service/server/upstream_guards.h"
#include "service/snapshot/account_view.h"

namespace balance {

// Built, configured, started and stopped by BalanceServer on one thread.
class ShardRuntime {
 public:
  using TransportFactory =
      std::function<std::unique_ptr<HttpTransport>(boost::asio::io_context& loop)>;
  using ConnectorFactory =
      std::function<std::unique_ptr<WebSocketConnector>(boost::asio::io_context& loop)>;

  // What the venues' push sockets are made with.
  struct Push {
    ConnectorFactory make_connector;
    // Must outlive the runtime.
    PushMonitor& monitor;
    ConnectionLimits limits = {};
    PushFeed::Options options = {};
  };

  // `limits` are those of the transport. `clock` and `observer` must outlive the runtime. `fleet`
  // says how logins are shared with other replicas, whose shared clock `clock` is then; unset: they
  // are not.
  ShardRuntime(const TransportFactory& make_transport, Clock& clock, RefreshObserver& observer,
               const Push& push, ConnectionLimits limits = {},
               std::optional<ShardFleet::Parts> fleet = std::nullopt);
  ShardRuntime(const ShardRuntime&) = delete;
  ShardRuntime& operator=(const ShardRuntime&) = delete;
  // REQUIRES: Stop() was called if Start() was.
  ~ShardRuntime();

  // Serves these accounts from now on, and nothing else. One that changed is made anew, under
  // `epoch`, with the readings of those sources that are still at the same upstream; calls that
  // have begun end with the old one. A source whose credential is replaced keeps the old one for as
  // long as the upstream rejects the new. Waits for the loop if it runs.
  Changes Configure(const std::vector<const AccountConfig*>& accounts, const std::string& epoch);

  // See ShardFleet. REQUIRES: there is a fleet.
  void RenewFleet(const FleetConfig& config);
  // Thread-safe. Unset: there is no fleet.
  std::optional<FleetLinkState> FleetState() const;

  // Adds the accounts. Each endpoint keeps its account alive, but must not outlive the runtime.
  void AddTo(AccountDirectory& directory) const;

  void Start();

  // Ends all refreshes and answers all reads, those to come as well, with what is known.
  void AnswerReads();

  // As AnswerReads(), and ends the loop's thread.
  void Stop();

  // Thread-safe. Whether the loop does its work; see LoopHeartbeat.
  bool IsBeating(Duration patience) const { return heartbeat_.IsBeating(patience); }

 private:
  // An account while somebody may still read it.
  struct Runtime {
    Runtime(const std::string& id, const std::string& epoch, const Clock& clock)
        : publisher(id, epoch, clock) {}

    AccountPublisher publisher;
    std::optional<AccountFeed> feed;
  };
  struct Account {
    // Shared with those who tell of its sources.
    std::shared_ptr<const AccountConfig> config;
    // By source; those whose credential is being replaced. The source owns it, and its secret is
    // gone as soon as the replacement is over.
    std::vector<std::pair<std::string, std::weak_ptr<const PreviousCredential>>> previous;
    // Null: the credential of `source` is not being replaced.
    std::shared_ptr<const PreviousCredential> PreviousOf(const std::string& source) const;
    // Hold-off of each source, in configuration order.
    std::vector<std::shared_ptr<HoldOff>> hold_offs;
    // Of the sources that listen to a push socket. Used on the shard's thread only.
    std::vector<PushFeeds::Ticket> tickets;
    std::shared_ptr<Runtime> runtime;
    AccountEndpoint endpoint;
  };
  // An account that is made before it takes effect.
  struct Staged {
    const AccountConfig* config = nullptr;
    // The account as it is; null if it is new.
    Account* old = nullptr;
    // The view of `old` that `made` was made from.
    std::shared_ptr<const AccountView> known;
    Account made;
    // Changes of guards, which others use, that are made when the account takes effect. All
    // accounts do so in one piece, so most of them have none, and one costs next to nothing.
    std::vector<std::function<void()>> on_effect;
  };
  // A configuration that is on its way into effect.
  struct Staging {
    std::string epoch;
    std::vector<Staged> accounts;
    // Indices of those that are still to be made, or to be made again.
    std::vector<std::size_t> to_make;
    std::vector<std::string> removed;
    int passes = 0;
    // Number of those of `accounts` in whose place the sources listen already.
    std::size_t listening = 0;
  };

  // Lists the accounts that differ from those in effect.
  Staging Compare(const std::vector<const AccountConfig*>& accounts, const std::string& epoch);
  // Makes some of the accounts; when all are made, puts them into effect. Returns whether it has.
  bool MakeSome(Staging& staging);
  // Has the sources of some of the accounts that have taken effect listen to their push sockets, in
  // the place of those of before. Returns whether all do.
  bool ListenSome(Staging& staging);
  void Listen(Account& account);
  // Indices of the accounts of which more has become known since they were made.
  static std::vector<std::size_t> OutdatedOf(const Staging& staging);
  // Leaves what was in effect before in `staging`.
  void PutIntoEffect(Staging& staging);
  // Runs `work` on the loop, if that runs, and waits for its end.
  void RunOnLoop(const std::function<void()>& work);
  void MakeAccount(Staged& account, const std::string& epoch);
  AccountFeed::SourceSpec MakeSpec(const SourceConfig& config, Staged& account);
  // The credential that served the source last, if it is not its own; else null.
  std::shared_ptr<const PreviousCredential> PreviousOf(const SourceConfig& config,
                                                       const SourceConfig& before,
                                                       const Account& old);
  std::shared_ptr<Runtime> MakeRuntime(const std::string& id, const std::string& epoch);
  void Dispose(std::unique_ptr<Runtime> runtime);

  // Closes connections that have been idle for too long, and again a little later. On the loop.
  void WatchIdleConnections();
  // Tells the observer how fresh the sources were, some accounts at a time, and again a little
  // later. On the loop.
  void CountFreshness();
  Random NextRandom() { return SeededRandom(seed_++); }

  Clock& clock_;
  RefreshObserver& observer_;
  Shard shard_;
  // The heartbeat is of the shard's loop, as the rest is.
  LoopHeartbeat heartbeat_{shard_.loop().get_executor(), clock_};
  AnswerSchedule schedule_{shard_.loop().get_executor(), clock_, heartbeat_};
  std::atomic<bool> is_running_ = false;
  std::unique_ptr<HttpTransport> transport_;
  std::unique_ptr<WebSocketConnector> connector_;
  Alarm idle_check_;
  Alarm freshness_count_;
  // The account up to which the present round of CountFreshness() has come; empty before its
  // first.
  std::string freshness_counted_;
  std::uint64_t seed_;
  // Used on the shard's thread from Start() on, as the rest is.
  UpstreamGuards guards_;
  std::optional<ShardFleet> fleet_;
  PushFeeds push_;
  // Changed on the shard's thread only, while the thread that configures waits.
  std::map<std::string, Account> accounts_;
};

}  // namespace balance
