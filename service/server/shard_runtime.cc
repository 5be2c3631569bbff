#include "service/server/shard_runtime.h"

#include <future>

#include "service/server/source_factory.h"

namespace balance {

ShardRuntime::ShardRuntime(const TransportFactory& make_transport, Clock& clock,
                           RefreshObserver& observer)
    : clock_(clock), observer_(observer), transport_(make_transport(shard_.loop())) {}

ShardRuntime::~ShardRuntime() = default;

AccountEndpoint ShardRuntime::AddAccount(const AccountConfig& account, const std::string& epoch) {
  std::vector<AccountFeed::SourceSpec> specs;
  specs.reserve(account.sources.size());
  for (const SourceConfig& config : account.sources) {
    auto& pacer = pacers_[CredentialFingerprint(config)];
    if (!pacer) pacer = std::make_shared<Pacer>(config.upstream.rate);
    ConfiguredSource configured = MakeSource(config, *transport_, pacer, clock_);
    logins_.emplace(SourceId(config.info.account, config.info.source),
                    Login{config, std::move(configured.replace_login)});
    AccountFeed::SourceSpec& spec = specs.emplace_back();
    spec.options.info = std::make_shared<const SourceInfo>(config.info);
    spec.options.refresh_budget = config.upstream.refresh_budget;
    spec.source = std::move(configured.source);
  }
  Account& added = accounts_.emplace_back();
  added.publisher = std::make_unique<AccountPublisher>(account.id, epoch, clock_);
  added.feed = std::make_unique<AccountFeed>(shard_.loop().get_executor(), clock_, observer_,
                                             *added.publisher, std::move(specs));
  added.handle = std::make_unique<ShardAccountHandle>(shard_, *added.feed);
  return {added.publisher.get(), added.handle.get()};
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
  shard_.Post([replace = found->second.replace, config] { replace(config); });
  return true;
}

bool ShardRuntime::IsTicking(Duration patience) {
  auto ticked = std::make_shared<std::promise<void>>();
  auto tick = ticked->get_future();
  shard_.Post([ticked] { ticked->set_value(); });
  return tick.wait_for(patience) == std::future_status::ready;
}

}  // namespace balance
