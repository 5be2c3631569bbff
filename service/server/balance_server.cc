#include "service/server/balance_server.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <functional>
#include <map>
#include <random>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "clients/core/secret.h"
#include "clients/http/beast_web_socket.h"
#include "clients/http/curl_global.h"
#include "clients/http/curl_transport.h"
#include "service/config/fleet_settings.h"
#include "service/observe/log_event.h"
#include "service/server/bound_address.h"
#include "service/server/descriptor_share.h"
#include "service/server/graceful_stop.h"
#include "service/server/status_page.h"
#include "service/snapshot/encode.h"
#include "service/transport/health_service.h"
#include "service/transport/reflection_service.h"

namespace balance {
namespace {

// As health checks name them.
constexpr const char* kWholeServer = "";
// Some edges refuse the default ones of HTTP libraries.
constexpr const char* kUserAgent = "balance-service/" BALANCE_VERSION;
constexpr std::size_t kShards = 1;
// Each shard has UpstreamGuards and a connection to Redis of its own, and accounts go to shards by
// their ids: with a second one, two accounts with one credential would ask twice as often as its
// rate allows.
static_assert(kShards == 1, "let shards share what they know of a credential first");
constexpr auto kBeatPatience = std::chrono::seconds(1);
constexpr auto kConnectionsPatience = std::chrono::milliseconds(500);

std::string MakeEpoch(const Clock& clock) {
  // In a base in which it is short: every account has it, and a short string takes no memory of its
  // own.
  constexpr int kBase = 36;
  std::array<char, 64> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(),
                                 clock.WallNow().time_since_epoch().count(), kBase)
                       .ptr;
  return {text.data(), end};
}

Changes Compare(const std::vector<CallerRule>& before, const std::vector<CallerRule>& after) {
  std::map<std::string_view, const CallerRule*> rest;
  for (const CallerRule& rule : before) rest.emplace(rule.id, &rule);
  Changes changes;
  for (const CallerRule& rule : after) {
    const auto old = rest.find(rule.id);
    if (old == rest.end()) {
      ++changes.added;
      continue;
    }
    if (*old->second != rule) ++changes.changed;
    rest.erase(old);
  }
  changes.removed = static_cast<int>(rest.size());
  return changes;
}

}  // namespace

BalanceServer::BalanceServer(Config config, const std::vector<NamedKind>& kinds, GrpcEngine grpc,
                             PushFeed::Options push)
    : config_(std::move(config)),
      kinds_(kinds),
      grpc_(std::move(grpc)),
      replica_(RandomReplicaName()),
      clock_(config_.fleet ? static_cast<Clock&>(shared_clock_) : own_clock_),
      metrics_(kinds),
      history_(metrics_, kinds, clock_) {
  ConnectionLimits limits = UpstreamShare();
  limits.total /= kShards;
  ConnectionLimits sockets = PushShare();
  sockets.total /= kShards;
  const auto make_transport =
      [this, limits](boost::asio::io_context& loop) -> std::unique_ptr<HttpTransport> {
    return std::make_unique<CurlTransport>(
        loop,
        CurlTransport::Options{.user_agent = kUserAgent, .limits = limits, .observer = &metrics_});
  };
  const auto make_connector =
      [this](boost::asio::io_context& loop) -> std::unique_ptr<WebSocketConnector> {
    return std::make_unique<BeastConnector>(
        loop, clock_, BeastConnector::Options{.user_agent = kUserAgent, .system_cas = SystemCas()});
  };
  std::optional<ShardFleet::Parts> fleet;
  if (config_.fleet) {
    FleetMonitor& monitor = fleet_logger_.emplace(metrics_.AddFleet(), own_clock_);
    fleet.emplace(ShardFleet::Parts{*config_.fleet, replica_, own_clock_, shared_clock_, monitor,
                                    std::random_device()()});
    Log(LogEvent::kFleetJoined, fmt::format("fleet: this replica is called {}", replica_),
        {{"replica", replica_}});
  }
  for (std::size_t i = 0; i < kShards; ++i) {
    shards_.push_back(std::make_unique<ShardRuntime>(
        make_transport, clock_, refresh_logger_,
        ShardRuntime::Push{make_connector, push_logger_, sockets, push}, limits, fleet));
  }
  Serve(config_);
  rpc_.AddTo(methods_);
  AddHealthService(methods_, health_);
  AddReflectionService(methods_, methods_.services(),
                       [this] { return serves_reflection_.load(std::memory_order_relaxed); });
}

BalanceServer::~BalanceServer() { Stop(); }

BalanceServer::Reconfigured BalanceServer::Serve(Config& config) {
  // Clients make keys of theirs, and what is not needed any more goes.
  const SecretBatch batch;
  const std::string epoch = MakeEpoch(clock_);
  const std::vector<AccountConfig> accounts = std::exchange(config.accounts, {});
  std::vector<std::vector<const AccountConfig*>> by_shard(shards_.size());
  for (const AccountConfig& account : accounts) {
    by_shard[std::hash<std::string>{}(account.id) % shards_.size()].push_back(&account);
  }
  auto served = std::make_shared<Served>();
  served->access = AccessRules(std::exchange(config.callers, {}));
  served->max_answer_size = static_cast<std::size_t>(config.server.max_answer_size);
  served->watch = {config.server.max_watch_age,
                   static_cast<std::size_t>(config.server.max_watchers),
                   static_cast<std::size_t>(config.server.max_watchers_per_caller),
                   static_cast<std::size_t>(config.server.max_watched_accounts),
                   static_cast<std::size_t>(config.server.max_watched_accounts_per_caller)};
  Reconfigured done;
  if (const auto before = served_.Get()) {
    done.callers = Compare(before->access.rules(), served->access.rules());
  }
  for (std::size_t i = 0; i < shards_.size(); ++i) {
    done.accounts += shards_[i]->Configure(by_shard[i], epoch);
    shards_[i]->AddTo(served->accounts);
  }
  if (const auto before = served_.Get()) NoteReplaced(*before, *served);
  serves_reflection_ = config.server.reflection;
  served_.Publish(std::move(served));
  rpc_.OnServed();
  std::unordered_set<std::string> names;
  for (const AccountConfig& account : accounts) {
    for (const SourceConfig& source : account.sources) names.insert(SourceName(source.info));
  }
  refresh_logger_.KeepOnly(names);
  return done;
}

Result<void> BalanceServer::Start() {
  for (const auto& shard : shards_) shard->Start();
  auto admin = AdminServer::Start(config_.admin_listen, MakeProbes(), AdminServer::Limits{});
  if (!admin) return tl::unexpected(admin.error());
  admin_ = std::move(*admin);
  return StartGrpc();
}

Result<void> BalanceServer::StartGrpc() {
  // Before the first call can come.
  for (const char* service : {kWholeServer, kBalanceServiceName}) health_.Set(service, true);
  auto port = RpcPort::Start(config_, methods_, clock_, metrics_, RpcPort::kWatching, grpc_);
  if (!port) return tl::unexpected(port.error());
  rpc_port_ = *std::move(port);
  tls_files_ = rpc_port_->tls_files();
  rpc_server_ = &rpc_port_->server();
  ready_ = true;
  return {};
}

std::string BalanceServer::grpc_address() const {
  return BoundAddress(config_.listen, rpc_port_->port());
}

std::string BalanceServer::admin_address() const { return admin_->address(); }

AdminServer::Probes BalanceServer::MakeProbes() {
  AdminServer::Probes probes;
  probes.metrics = [this] { return RenderMetrics(MetricsFormat::kText); };
  probes.open_metrics = [this] { return RenderMetrics(MetricsFormat::kOpenMetrics); };
  probes.healthy = [this] {
    return Accepts() && std::all_of(shards_.begin(), shards_.end(), [](const auto& shard) {
             return shard->IsBeating(kBeatPatience);
           });
  };
  probes.ready = [this] { return ready_ && Accepts(); };
  probes.status = [this] { return RenderStatus(); };
  probes.status_page = [this](const std::string& query) { return status_viewer_.Render(query); };
  return probes;
}

bool BalanceServer::Accepts() const {
  const RpcServer* const server = rpc_server_;
  return server == nullptr || server->accepts();
}

Now BalanceServer::Time() const { return clock_.Time(); }

std::vector<SourceStatus> BalanceServer::Statuses() const {
  std::vector<SourceStatus> statuses;
  const auto served = served_.Get();
  for (const auto& [id, endpoint] : served->accounts.accounts()) {
    const auto view = endpoint.publisher->Get();
    statuses.insert(statuses.end(), view->statuses.begin(), view->statuses.end());
  }
  return statuses;
}

std::string BalanceServer::RenderMetrics(MetricsFormat format) {
  if (const RpcServer* server = rpc_server_) metrics_.SetTransport(server->stats());
  return metrics_.Render(Statuses(), Time(), format);
}

std::string BalanceServer::RenderStatus() const {
  return RenderStatusPage(Statuses(), Time(), Connections(), Fleet());
}

std::vector<ConnectionInfo> BalanceServer::Connections() const {
  const RpcServer* const server = rpc_server_;
  return server ? server->Connections(kConnectionsPatience) : std::vector<ConnectionInfo>();
}

std::optional<FleetPage> BalanceServer::Fleet() const {
  const auto link = shards_.front()->FleetState();
  if (!link) return std::nullopt;
  return FleetPage{replica_, *link};
}

StatusFacts BalanceServer::Facts() const {
  StatusFacts facts;
  facts.connections = Connections();
  facts.now = Time();
  facts.version = BALANCE_VERSION;
  facts.is_ready = ready_ && Accepts();
  facts.kinds = kinds_;
  facts.sources = Statuses();
  facts.history = history_.Last(facts.now.steady);
  const auto served = served_.Get();
  const RpcServer* const server = rpc_server_;
  std::optional<LastReload> reload;
  if (const auto last = last_reload_.Get()) reload = *last;
  std::optional<TlsInForce> tls;
  if (const TlsFiles* files = tls_files_) {
    tls = {files->settings(), files->material().Get()->expires, files->are_refused()};
  }
  facts.sections = {
      ConfigurationSection(config_, *served, reload, facts.now.wall),
      TlsSection(tls, facts.now.wall),
      LoadSection(server ? server->stats() : TransportStats(), rpc_.watches(), served->watch),
      ProcessSection(facts.version, config_.server.engine, started_, facts.now.wall, CurlVersion()),
  };
  if (const auto fleet = Fleet()) facts.sections.push_back(FleetSection(*fleet));
  return facts;
}

void BalanceServer::NoteReload(bool succeeded, std::vector<std::string> waiting) {
  metrics_.OnReload(succeeded);
  last_reload_.Publish(std::make_shared<const LastReload>(
      LastReload{clock_.WallNow(), succeeded, std::move(waiting)}));
}

InForce BalanceServer::in_force() const {
  return {config_.listen, config_.tls, !served_.Get()->access.AreOpen()};
}

bool BalanceServer::RenewFleet(const std::optional<FleetConfig>& fleet) {
  const bool is_all = CanTakeOver(config_.fleet, fleet);
  if (config_.fleet && fleet) {
    config_.fleet = Renewed(*std::move(config_.fleet), *fleet);
    for (const auto& shard : shards_) shard->RenewFleet(*config_.fleet);
  }
  return is_all;
}

BalanceServer::Reconfigured BalanceServer::Reconfigure(Config config) {
  Reconfigured done = Serve(config);
  const auto wait = [&](bool is_same, const char* field) {
    if (!is_same) done.waiting.emplace_back(field);
  };
  wait(config.listen == config_.listen, "listen");
  wait(config.admin_listen == config_.admin_listen, "admin_listen");
  wait(config.tls == config_.tls, "tls");
  wait(config.log == config_.log, "log");
  const ServerSettings& fresh = config.server;
  const ServerSettings& running = config_.server;
  wait(RenewFleet(config.fleet), "fleet");
  wait(fresh.drain_delay == running.drain_delay, "server.drain_delay");
  wait(fresh.max_connection_age == running.max_connection_age, "server.max_connection_age");
  wait(fresh.engine == running.engine, "server.engine");
  wait(fresh.max_connection_memory == running.max_connection_memory,
       "server.max_connection_memory");
  return done;
}

void BalanceServer::WithdrawHealth() {
  ready_ = false;
  health_.Withdraw();
  rpc_.DrainWatches(config_.server.drain_delay);
}

void BalanceServer::Stop() {
  WithdrawHealth();
  rpc_.DrainWatches(Duration::zero());
  if (rpc_port_) {
    const auto answer_calls = [this] {
      for (const auto& shard : shards_) shard->AnswerReads();
    };
    StopGracefully(
        rpc_port_->server(), [this] { return metrics_.CallsInProgress(); }, answer_calls);
  }
  admin_.reset();
  rpc_port_.reset();
  for (const auto& shard : shards_) shard->Stop();
}

}  // namespace balance
