#include "service/server/shard_runtime.h"

#include <future>
#include <random>

#include "clients/resilience/hold_off_source.h"
#include "service/server/source_factory.h"

namespace balance {

ShardRuntime::ShardRuntime(const TransportFactory& make_transport, Clock& clock,
                           RefreshObserver& observer)
    : clock_(clock),
      observer_(observer),
      transport_(make_transport(shard_.loop())),
      seed_(std::random_device()()) {}

ShardRuntime::~ShardRuntime() = default;

AccountEndpoint ShardRuntime::AddAccount(const AccountConfig& account, const std::string& epoch) {
  std::vector<AccountFeed::SourceSpec> specs;
  specs.reserve(account.sources.size());
  std::vector<Login> logins;
  for (const SourceConfig& config : account.sources) {
    const CredentialGuards& credential = GuardsOf(config);
    const HostGuards& host = HostGuardsOf(config);
    ConfiguredSource configured =
        MakeSource(config, *transport_, credential, host, NextRandom(), clock_);
    AccountFeed::SourceSpec& spec = specs.emplace_back();
    spec.options.info = std::make_shared<const SourceInfo>(config.info);
    spec.options.refresh_budget = config.upstream.refresh_budget;
    spec.options.path = std::make_shared<const UpstreamPath>(credential, host);
    spec.source = std::move(configured.source);
    spec.random = NextRandom();
    logins.push_back(
        Login{config, std::move(configured.replace_login), host, nullptr, specs.size() - 1});
  }
  Account& added = accounts_.emplace_back();
  added.publisher = std::make_unique<AccountPublisher>(account.id, epoch, clock_);
  added.feed = std::make_unique<AccountFeed>(shard_.loop().get_executor(), clock_, observer_,
                                             *added.publisher, std::move(specs));
  for (Login& login : logins) {
    login.feed = added.feed.get();
    const SourceInfo& info = login.config.info;
    logins_.emplace(SourceId(info.account, info.source), std::move(login));
  }
  added.handle = std::make_unique<ShardAccountHandle>(shard_, *added.feed);
  return {added.publisher.get(), added.handle.get()};
}

const CredentialGuards& ShardRuntime::GuardsOf(const SourceConfig& config) {
  CredentialGuards& guards = credentials_[CredentialFingerprint(config)];
  if (!guards.pacer) {
    guards.pacer =
        std::make_shared<Pacer>(shard_.loop().get_executor(), clock_, config.upstream.rate);
    guards.hold_off =
        std::make_shared<HoldOff>(HoldOffTimes::kCredential, HoldOffTimes::kCredentialLongest);
  }
  return guards;
}

const HostGuards& ShardRuntime::HostGuardsOf(const SourceConfig& config) {
  HostGuards& guards = hosts_[HostOf(config)];
  if (!guards.breaker) {
    guards.breaker = std::make_shared<Breaker>(NextRandom());
    guards.retries = std::make_shared<RetryBudget>();
    guards.clock_skew = std::make_shared<ClockSkew>();
  }
  return guards;
}

void ShardRuntime::Stop() {
  shard_.Post([this] {
    for (const Account& account : accounts_) account.feed->Stop();
  });
  shard_.Join();
}

bool ShardRuntime::ReplaceLogin(const SourceConfig& config) {
  const auto found = logins_.find(SourceId(config.info.account, config.info.source));
  if (found == logins_.end() || !HaveSameUpstream(found->second.config, config)) return false;
  shard_.Post([this, &login = found->second, config] {
    const CredentialGuards& credential = GuardsOf(config);
    login.replace(config, credential);
    login.feed->ForgetPauses(login.index,
                             std::make_shared<const UpstreamPath>(credential, login.host));
  });
  return true;
}

bool ShardRuntime::IsTicking(Duration patience) {
  auto ticked = std::make_shared<std::promise<void>>();
  auto tick = ticked->get_future();
  shard_.Post([ticked] { ticked->set_value(); });
  return tick.wait_for(patience) == std::future_status::ready;
}

}  // namespace balance
