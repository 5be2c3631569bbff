#include "service/server/shard_runtime.h"

#include <algorithm>
#include <future>
#include <random>
#include <utility>

#include "clients/resilience/hold_off_source.h"

namespace balance {
namespace {

const SourceConfig* FindSource(const AccountConfig& account, const std::string& source) {
  const auto found =
      std::find_if(account.sources.begin(), account.sources.end(),
                   [&](const SourceConfig& candidate) { return candidate.info.source == source; });
  return found == account.sources.end() ? nullptr : &*found;
}

bool HaveSameSources(const AccountConfig& a, const AccountConfig& b) {
  return std::equal(a.sources.begin(), a.sources.end(), b.sources.begin(), b.sources.end(),
                    AreSame);
}

const SourceStatus* FindStatus(const AccountView& view, const std::string& source) {
  const auto found =
      std::find_if(view.statuses.begin(), view.statuses.end(),
                   [&](const SourceStatus& candidate) { return candidate.info->source == source; });
  return found == view.statuses.end() ? nullptr : &*found;
}

// At least as long as a hold-off lasts, and as a rate that a 429 lowered needs to rise again.
constexpr Duration kCredentialMemory = HoldOffTimes::kCredentialLongest;

// What still holds of a source at the same upstream. A failure of another credential does not.
SourceStatus Remembered(const SourceStatus& status, bool has_same_login) {
  SourceStatus known = status;
  if (!has_same_login) {
    known.failure = nullptr;
    known.is_rejected = false;
    known.is_of_other_login = true;
  }
  return known;
}

}  // namespace

ShardRuntime::ShardRuntime(const TransportFactory& make_transport, Clock& clock,
                           RefreshObserver& observer)
    : clock_(clock),
      observer_(observer),
      transport_(make_transport(shard_.loop())),
      seed_(std::random_device()()) {}

ShardRuntime::~ShardRuntime() = default;

Changes ShardRuntime::Configure(const std::vector<const AccountConfig*>& accounts,
                                const std::string& epoch) {
  if (!is_running_) return ConfigureOnLoop(accounts, epoch);
  Changes changes;
  shard_.RunAndWait([&] { changes = ConfigureOnLoop(accounts, epoch); });
  return changes;
}

Changes ShardRuntime::ConfigureOnLoop(const std::vector<const AccountConfig*>& accounts,
                                      const std::string& epoch) {
  Changes changes;
  std::map<std::string, Account> old = std::exchange(accounts_, {});
  for (const AccountConfig* config : accounts) {
    const auto found = old.find(config->id);
    if (found == old.end()) {
      accounts_.emplace(config->id, MakeAccount(*config, nullptr, epoch));
      ++changes.added;
      continue;
    }
    if (HaveSameSources(*found->second.config, *config)) {
      accounts_.emplace(config->id, std::move(found->second));
    } else {
      accounts_.emplace(config->id, MakeAccount(*config, &found->second, epoch));
      ++changes.changed;
    }
    old.erase(found);
  }
  changes.removed = static_cast<int>(old.size());
  old.clear();
  DropUnusedGuards();
  return changes;
}

ShardRuntime::Account ShardRuntime::MakeAccount(const AccountConfig& config, const Account* old,
                                                const std::string& epoch) {
  Account account;
  account.config = std::make_shared<const AccountConfig>(config);
  account.runtime = MakeRuntime(config.id, epoch);
  std::vector<AccountFeed::SourceSpec> specs;
  specs.reserve(config.sources.size());
  for (const SourceConfig& source : account.config->sources) {
    specs.push_back(MakeSpec(source, old, account));
  }
  Runtime& runtime = *account.runtime;
  runtime.feed.emplace(shard_.loop().get_executor(), clock_, observer_, runtime.publisher,
                       std::move(specs));
  account.endpoint.publisher = {account.runtime, &runtime.publisher};
  account.endpoint.handle = std::make_shared<ShardAccountHandle>(
      shard_, std::shared_ptr<AccountFeed>(account.runtime, &*runtime.feed));
  return account;
}

AccountFeed::SourceSpec ShardRuntime::MakeSpec(const SourceConfig& config, const Account* old,
                                               Account& fresh) {
  const CredentialGuards& credential = GuardsOf(config);
  const HostGuards& host = HostGuardsOf(config);
  credential.pacer->Configure(config.upstream.rate);
  SourceParts parts{config, credential, host, nullptr, MakeAccountHoldOff(), {}};
  AccountFeed::SourceSpec spec;
  const SourceConfig* before = old ? FindSource(*old->config, config.info.source) : nullptr;
  if (before && HaveSameUpstream(*before, config)) {
    if (const auto* status = FindStatus(*old->runtime->publisher.Get(), config.info.source)) {
      spec.known = Remembered(*status, HaveSameLogin(*before, config));
      if (status->reading) parts.known = status->reading->balances;
    }
    if (HaveSameLogin(*before, config)) {
      parts.account = old->hold_offs.at(config.info.source);
    } else {
      credential.hold_off->Clear();
    }
    parts.previous = PreviousOf(config, *before, *old);
    if (parts.previous) fresh.previous.emplace(config.info.source, parts.previous);
  }
  fresh.hold_offs.emplace(config.info.source, parts.account);
  spec.options.info = {fresh.config, &config.info};
  spec.options.refresh_budget = config.upstream.refresh_budget;
  spec.options.path = std::make_shared<const UpstreamPath>(
      credential, host, parts.account, parts.previous ? parts.previous->rotation : nullptr);
  spec.source = MakeSource(std::move(parts), *transport_, NextRandom(), clock_);
  spec.random = NextRandom();
  return spec;
}

std::shared_ptr<const PreviousCredential> ShardRuntime::PreviousOf(const SourceConfig& config,
                                                                   const SourceConfig& before,
                                                                   const Account& old) {
  const auto found = old.previous.find(config.info.source);
  auto unfinished = found == old.previous.end() ? nullptr : found->second.lock();
  if (unfinished && unfinished->rotation->IsOver()) unfinished = nullptr;
  const bool is_replaced = CredentialFingerprint(before) != CredentialFingerprint(config);
  if (!is_replaced) return unfinished;
  // One that has never served is no help.
  const SourceConfig& served = unfinished ? unfinished->config : before;
  if (CredentialFingerprint(served) == CredentialFingerprint(config)) return nullptr;
  return std::make_shared<const PreviousCredential>(
      PreviousCredential{served, GuardsOf(served), std::make_shared<Rotation>()});
}

std::shared_ptr<ShardRuntime::Runtime> ShardRuntime::MakeRuntime(const std::string& id,
                                                                 const std::string& epoch) {
  return {new Runtime(id, epoch, clock_),
          [this](Runtime* runtime) { Dispose(std::unique_ptr<Runtime>(runtime)); }};
}

// On whatever thread lets go of an account last.
void ShardRuntime::Dispose(std::unique_ptr<Runtime> runtime) {
  if (!is_running_ || !runtime->feed) return;
  shard_.Post(
      [owned = std::shared_ptr<Runtime>(std::move(runtime))] { owned->feed->Stop([owned] {}); });
}

void ShardRuntime::AddTo(AccountDirectory& directory) const {
  for (const auto& [id, account] : accounts_) directory.Add(id, account.endpoint);
}

const CredentialGuards& ShardRuntime::GuardsOf(const SourceConfig& config) {
  Credential& credential = credentials_[CredentialFingerprint(config)];
  CredentialGuards& guards = credential.guards;
  if (!guards.pacer) {
    guards.pacer =
        std::make_shared<Pacer>(shard_.loop().get_executor(), clock_, config.upstream.rate);
    guards.hold_off =
        std::make_shared<HoldOff>(HoldOffTimes::kCredential, HoldOffTimes::kCredentialLongest);
  }
  const Fingerprint login = LoginFingerprint(config);
  // It was another secret that the upstream rejected.
  if (std::exchange(credential.login_fingerprint, login) != login) guards.hold_off->Clear();
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

// Those that only this map knows. An account that is on its way out still knows its own.
void ShardRuntime::DropUnusedGuards() {
  const SteadyTime now = clock_.SteadyNow();
  for (auto& [fingerprint, credential] : credentials_) {
    if (credential.guards.pacer.use_count() > 1) {
      credential.unused_since.reset();
    } else if (!credential.unused_since) {
      credential.unused_since = now;
    }
  }
  std::erase_if(credentials_, [now](const auto& entry) {
    const Credential& credential = entry.second;
    if (!credential.unused_since) return false;
    return now >= std::max(*credential.unused_since + kCredentialMemory,
                           credential.guards.pacer->FullAt());
  });
  std::erase_if(hosts_, [](const auto& entry) { return entry.second.breaker.use_count() == 1; });
}

void ShardRuntime::Start() {
  is_running_ = true;
  shard_.Start();
}

void ShardRuntime::AnswerReads() {
  shard_.Post([this] {
    for (auto& [id, account] : accounts_) account.runtime->feed->Stop();
  });
}

void ShardRuntime::Stop() {
  AnswerReads();
  shard_.Join();
  is_running_ = false;
}

bool ShardRuntime::IsTicking(Duration patience) {
  auto ticked = std::make_shared<std::promise<void>>();
  auto tick = ticked->get_future();
  shard_.Post([ticked] { ticked->set_value(); });
  return tick.wait_for(patience) == std::future_status::ready;
}

}  // namespace balance
