#include "service/server/balance_server.h"

#include <google/protobuf/util/json_util.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>
#include <grpcpp/version_info.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "clients/http/curl_transport.h"
#include "service/server/bound_address.h"
#include "service/server/debug_services.h"
#include "service/server/descriptor_share.h"
#include "service/server/graceful_stop.h"
#include "service/server/server_limits.h"
#include "service/snapshot/encode.h"

namespace balance {
namespace {

// As health checks name them.
constexpr const char* kWholeServer = "";
// Some edges refuse the default ones of HTTP libraries.
constexpr const char* kUserAgent = "balance-service/" BALANCE_VERSION;
constexpr std::size_t kShards = 1;
// Each shard has UpstreamGuards of its own, and accounts go to shards by their ids: with a second
// one, two accounts with one credential would ask twice as often as its rate allows.
static_assert(kShards == 1, "let shards share what they know of a credential first");
constexpr auto kBeatPatience = std::chrono::seconds(1);

std::string MakeEpoch(const Clock& clock) {
  return std::to_string(clock.WallNow().time_since_epoch().count());
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

BalanceServer::BalanceServer(Config config) : config_(std::move(config)) {
  ConnectionLimits limits = UpstreamShare();
  limits.total /= kShards;
  const auto make_transport =
      [this, limits](boost::asio::io_context& loop) -> std::unique_ptr<HttpTransport> {
    return std::make_unique<CurlTransport>(
        loop,
        CurlTransport::Options{.user_agent = kUserAgent, .limits = limits, .observer = &metrics_});
  };
  for (std::size_t i = 0; i < kShards; ++i) {
    shards_.push_back(
        std::make_unique<ShardRuntime>(make_transport, clock_, refresh_logger_, limits));
  }
  Serve(config_);
}

BalanceServer::~BalanceServer() { Stop(); }

BalanceServer::Reconfigured BalanceServer::Serve(Config& config) {
  const std::string epoch = MakeEpoch(clock_);
  const std::vector<AccountConfig> accounts = std::exchange(config.accounts, {});
  std::vector<std::vector<const AccountConfig*>> by_shard(shards_.size());
  for (const AccountConfig& account : accounts) {
    by_shard[std::hash<std::string>{}(account.id) % shards_.size()].push_back(&account);
  }
  auto served = std::make_shared<Served>();
  served->access = AccessRules(std::exchange(config.callers, {}));
  served->max_answer_size = static_cast<std::size_t>(config.server.max_answer_size);
  Reconfigured done;
  if (const auto before = served_.Get()) {
    done.callers = Compare(before->access.rules(), served->access.rules());
  }
  for (std::size_t i = 0; i < shards_.size(); ++i) {
    done.accounts += shards_[i]->Configure(by_shard[i], epoch);
    shards_[i]->AddTo(served->accounts);
  }
  served_.Publish(std::move(served));
  std::set<std::string> names;
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
  auto credentials = MakeCredentials();
  if (!credentials) return tl::unexpected(credentials.error());
  auto debug_services =
      std::make_unique<DebugServices>(config_.server.reflection, config_.server.channelz);
  const auto missing_services = debug_services->missing();
  grpc::ServerBuilder builder;
  builder.SetOption(std::move(debug_services));
  // A second instance on the port must fail, not share its connections.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  ApplyServerLimits(builder, config_.server.max_connection_age);
  builder.AddListeningPort(config_.listen, *credentials, &grpc_port_);
  calls_.AddTo(builder);
  grpc_ = builder.BuildAndStart();
  if (!grpc_ || grpc_port_ == 0) {
    return Fail(ErrorKind::kInvalidInput,
                "cannot listen on " + config_.listen +
                    " (listen): the port is in use or the address is not of this machine; choose "
                    "another");
  }
  if (!missing_services->empty()) {
    return Fail(ErrorKind::kInternal,
                "this gRPC has no plugin of the name \"" + missing_services->front() +
                    "\", so it cannot be told apart from others and kept off; run with gRPC " +
                    GRPC_CPP_VERSION_STRING + ", with which the service was built");
  }
  for (const char* service : {kWholeServer, kBalanceServiceName}) health_.Set(service, true);
  calls_.Start(*grpc_);
  ready_ = true;
  listener_watch_ = std::make_unique<ListenerWatch>(
      grpc_address(), [this](bool accepts) { OnListener(accepts); }, ListenerWatch::Options{});
  return {};
}

// Open connections are served as before, so the process does not end by itself.
void BalanceServer::OnListener(bool accepts) {
  accepts_ = accepts;
  if (accepts) {
    spdlog::warn("the gRPC port takes connections again");
  } else {
    spdlog::critical(
        "the gRPC port takes no connections any more, maybe for want of descriptors: restart; "
        "/healthz fails until then");
  }
}

Result<std::shared_ptr<grpc::ServerCredentials>> BalanceServer::MakeCredentials() {
  if (!config_.tls) return grpc::InsecureServerCredentials();
  auto tls = TlsEndpoint::Start(*config_.tls, clock_, metrics_);
  if (!tls) return tl::unexpected(tls.error());
  tls_ = std::move(*tls);
  return tls_->credentials();
}

std::string BalanceServer::grpc_address() const { return BoundAddress(config_.listen, grpc_port_); }

std::string BalanceServer::admin_address() const { return admin_->address(); }

AdminServer::Probes BalanceServer::MakeProbes() {
  AdminServer::Probes probes;
  probes.metrics = [this] { return metrics_.Render(Statuses(), Time()); };
  probes.healthy = [this] {
    return accepts_ && std::all_of(shards_.begin(), shards_.end(), [](const auto& shard) {
             return shard->IsBeating(kBeatPatience);
           });
  };
  probes.ready = [this] { return ready_ && accepts_; };
  probes.status = [this] { return RenderStatus(); };
  return probes;
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

std::string BalanceServer::RenderStatus() const {
  v1::ListSourcesResponse sources;
  const Now now = Time();
  for (const SourceStatus& status : Statuses()) {
    EncodeSourceStatus(status, now, *sources.add_sources());
  }
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  std::string json;
  // Fails only on messages that hold an Any of unknown type.
  if (!google::protobuf::util::MessageToJsonString(sources, &json, options).ok()) return "{}\n";
  return json;
}

InForce BalanceServer::in_force() const {
  return {config_.listen, config_.tls, !served_.Get()->access.AreOpen()};
}

BalanceServer::Reconfigured BalanceServer::Reconfigure(Config config) {
  Reconfigured done = Serve(config);
  const auto wait = [&](bool is_same, const char* field) {
    if (!is_same) done.waiting.emplace_back(field);
  };
  wait(config.listen == config_.listen, "listen");
  wait(config.admin_listen == config_.admin_listen, "admin_listen");
  wait(config.tls == config_.tls, "tls");
  const ServerSettings& fresh = config.server;
  const ServerSettings& running = config_.server;
  wait(fresh.drain_delay == running.drain_delay, "server.drain_delay");
  wait(fresh.max_connection_age == running.max_connection_age, "server.max_connection_age");
  wait(!fresh.reflection || running.reflection, "server.reflection");
  wait(!fresh.channelz || running.channelz, "server.channelz");
  if (running.reflection && !fresh.reflection) done.still_open.emplace_back("reflection");
  if (running.channelz && !fresh.channelz) done.still_open.emplace_back("channelz");
  return done;
}

void BalanceServer::WithdrawHealth() {
  ready_ = false;
  health_.Withdraw();
}

void BalanceServer::Stop() {
  WithdrawHealth();
  listener_watch_.reset();
  if (grpc_) {
    const auto answer_calls = [this] {
      for (const auto& shard : shards_) shard->AnswerReads();
    };
    StopGracefully(
        *grpc_, [this] { return metrics_.CallsInProgress(); }, answer_calls);
    calls_.Stop();
    grpc_.reset();
  }
  admin_.reset();
  for (const auto& shard : shards_) shard->Stop();
}

}  // namespace balance
