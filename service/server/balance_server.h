#pragma once

// The composition root: builds the service bottom-up from a configuration, runs it, drains it and
// stops it in reverse.

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "clients/core/clock.h"
#include "clients/core/result.h"
#include "clients/push/push_feed.h"
#include "clients/redis/fleet_clock.h"
#include "service/config/config.h"
#include "service/config/in_force.h"
#include "service/observe/access_log.h"
#include "service/observe/fleet_logger.h"
#include "service/observe/metrics.h"
#include "service/observe/push_logger.h"
#include "service/observe/refresh_history.h"
#include "service/observe/refresh_logger.h"
#include "service/rpc/balance_rpc.h"
#include "service/rpc/served.h"
#include "service/server/admin_server.h"
#include "service/server/changes.h"
#include "service/server/rpc_port.h"
#include "service/server/shard_runtime.h"
#include "service/server/status_facts.h"
#include "service/server/status_page.h"
#include "service/server/status_sections.h"
#include "service/server/status_viewer.h"
#include "service/transport/health_states.h"
#include "service/transport/method_table.h"

namespace balance {

// Used on one thread at a time, but for Reconfigure(), which may run beside WithdrawHealth().
// Shares the rest with its own threads.
class BalanceServer {
 public:
  // `kinds` are those of all venues whose sources a configuration can have, now and later. `push`
  // times the venues' push sockets.
  // REQUIRES: `grpc` is not null if the engine of `config` is gRPC.
  BalanceServer(Config config, const std::vector<NamedKind>& kinds, GrpcEngine grpc = nullptr,
                PushFeed::Options push = {});
  BalanceServer(const BalanceServer&) = delete;
  BalanceServer& operator=(const BalanceServer&) = delete;
  // Stops at once what still runs.
  ~BalanceServer();

  // Listens and serves; health says SERVING when it returns. Fails with a sentence that names the
  // address if a port cannot be had.
  Result<void> Start();

  // The addresses really bound, host:port.
  std::string grpc_address() const;
  std::string admin_address() const;

  struct Reconfigured {
    Changes accounts;
    Changes callers;
    // Settings that differ but take effect at the next start only, such as `listen`.
    std::vector<std::string> waiting;
  };

  // Serves accounts and callers as `config` has them from now on, all at once, and reflection or
  // not: calls that have begun end with what was there before. REQUIRES: Start() has succeeded;
  // `config` was made for what is in_force().
  Reconfigured Reconfigure(Config config);
  InForce in_force() const;

  // A configuration was read anew, and is in force by now if it could be.
  void NoteReload(bool succeeded, std::vector<std::string> waiting = {});

  Metrics& metrics() { return metrics_; }

  // Tells callers and probes to go elsewhere; calls are still answered. Streams are ended, spread
  // over `server.drain_delay`.
  void WithdrawHealth();

  // Ends the calls within a grace period, then everything else.
  void Stop();

 private:
  // Takes over what can be taken over of a fleet. False if there is more than that.
  bool RenewFleet(const std::optional<FleetConfig>& fleet);
  // Takes the accounts and callers out of `config`.
  Reconfigured Serve(Config& config);
  Result<void> StartGrpc();
  AdminServer::Probes MakeProbes();
  // Whether the gRPC port takes connections, as far as is known.
  bool Accepts() const;
  Now Time() const;
  // Of all sources, as published.
  std::vector<SourceStatus> Statuses() const;
  std::string RenderMetrics(MetricsFormat format);
  std::string RenderStatus() const;
  std::vector<ConnectionInfo> Connections() const;
  // Nothing if this process is in no fleet.
  std::optional<FleetPage> Fleet() const;
  StatusFacts Facts() const;

  // Without accounts and callers, which are where they are served.
  Config config_;
  const std::vector<NamedKind> kinds_;
  const GrpcEngine grpc_;
  // Of this replica in its fleet.
  const std::string replica_;
  SystemClock own_clock_;
  FleetClock shared_clock_{own_clock_};
  // In a fleet all replicas tell the time by one clock.
  Clock& clock_;
  Metrics metrics_;
  const WallTime started_ = clock_.WallNow();
  RefreshHistory history_;
  std::optional<FleetLogger> fleet_logger_;
  RefreshLogger refresh_logger_{history_, clock_};
  PushLogger push_logger_{metrics_, clock_};
  AccessLog access_log_{metrics_, clock_};
  std::vector<std::unique_ptr<ShardRuntime>> shards_;
  Published<Served> served_;
  BalanceRpc rpc_{served_, clock_, access_log_};
  HealthStates health_;
  std::atomic<bool> serves_reflection_ = false;
  MethodTable methods_;
  std::unique_ptr<RpcPort> rpc_port_;
  // Of rpc_port_, for other threads; null until it has been made.
  std::atomic<const RpcServer*> rpc_server_ = nullptr;
  // The same for its files of TLS; null without TLS.
  std::atomic<const TlsFiles*> tls_files_ = nullptr;
  std::atomic<bool> ready_ = false;
  // Nothing before the first.
  Published<LastReload> last_reload_;
  StatusViewer status_viewer_{[this] { return Facts(); }, clock_};
  // Asks all of the above, so it goes first.
  std::unique_ptr<AdminServer> admin_;
};

}  // namespace balance
