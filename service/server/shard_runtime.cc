#include "service/server/shard_runtime.h"

#include <algorithm>
#include <random>
#include <set>
#include <string_view>
#include <utility>

#include "clients/resilience/hold_off_source.h"
#include "service/config/source_login.h"

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

// One piece of making accounts: whatever of the two is reached first.
constexpr Duration kPiece = std::chrono::milliseconds(1);
constexpr std::size_t kAccountsInPiece = 32;
// Number of times that accounts are made again because more has become known of them, before the
// rest is made in one piece.
constexpr int kMostPasses = 10;

// Time between two looks at the idle connections to upstreams.
constexpr Duration kIdleCheck = std::chrono::seconds(5);

// Number of accounts whose freshness is counted in one piece of work.
constexpr int kAccountsCountedAtOnce = 256;

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
                           RefreshObserver& observer, const Push& push, ConnectionLimits limits,
                           std::optional<ShardFleet::Parts> fleet)
    : clock_(clock),
      observer_(observer),
      transport_(make_transport(shard_.loop())),
      connector_(push.make_connector(shard_.loop())),
      idle_check_(shard_.loop().get_executor(), clock),
      freshness_count_(shard_.loop().get_executor(), clock),
      seed_(std::random_device()()),
      guards_(shard_.loop().get_executor(), clock, limits, std::random_device()()),
      push_({shard_.loop().get_executor(), clock, *transport_, *connector_, push.monitor,
             push.limits, push.options, std::random_device()()}) {
  if (fleet) fleet_.emplace(shard_.loop(), *std::move(fleet));
}

ShardRuntime::~ShardRuntime() = default;

void ShardRuntime::RenewFleet(const FleetConfig& config) {
  RunOnLoop([&] { fleet_->Renew(config); });
}

std::optional<FleetLinkState> ShardRuntime::FleetState() const {
  return fleet_ ? std::optional(fleet_->state()) : std::nullopt;
}

Changes ShardRuntime::Configure(const std::vector<const AccountConfig*>& accounts,
                                const std::string& epoch) {
  Staging staging = Compare(accounts, epoch);
  Changes changes;
  changes.removed = static_cast<int>(staging.removed.size());
  for (const Staged& account : staging.accounts) {
    ++(account.old ? changes.changed : changes.added);
  }
  bool is_in_effect = false;
  while (!is_in_effect) RunOnLoop([&] { is_in_effect = MakeSome(staging); });
  bool do_all_listen = false;
  while (!do_all_listen) RunOnLoop([&] { do_all_listen = ListenSome(staging); });
  RunOnLoop([&] {
    guards_.OnReload();
    if (fleet_) fleet_->OnReload();
  });
  // What was in effect before ends here, and not on the loop.
  return changes;
}

void ShardRuntime::RunOnLoop(const std::function<void()>& work) {
  if (is_running_) {
    shard_.RunAndWait(work);
  } else {
    work();
  }
}

ShardRuntime::Staging ShardRuntime::Compare(const std::vector<const AccountConfig*>& accounts,
                                            const std::string& epoch) {
  Staging staging;
  staging.epoch = epoch;
  std::set<std::string_view> configured;
  for (const AccountConfig* config : accounts) {
    configured.insert(config->id);
    const auto found = accounts_.find(config->id);
    Account* const old = found == accounts_.end() ? nullptr : &found->second;
    if (old && HaveSameSources(*old->config, *config)) continue;
    staging.to_make.push_back(staging.accounts.size());
    staging.accounts.emplace_back().config = config;
    staging.accounts.back().old = old;
  }
  for (const auto& [id, account] : accounts_) {
    if (!configured.contains(id)) staging.removed.push_back(id);
  }
  return staging;
}

bool ShardRuntime::MakeSome(Staging& staging) {
  const SteadyTime end = clock_.SteadyNow() + kPiece;
  std::vector<std::size_t>& to_make = staging.to_make;
  for (std::size_t i = 0; i < kAccountsInPiece && !to_make.empty(); ++i) {
    if (i > 0 && clock_.SteadyNow() >= end) return false;
    MakeAccount(staging.accounts[to_make.back()], staging.epoch);
    to_make.pop_back();
  }
  if (!to_make.empty()) return false;
  to_make = OutdatedOf(staging);
  // Each pass has fewer of them: they are made faster than they are read.
  if (to_make.size() > kAccountsInPiece && ++staging.passes < kMostPasses) return false;
  for (const std::size_t i : to_make) MakeAccount(staging.accounts[i], staging.epoch);
  PutIntoEffect(staging);
  return true;
}

std::vector<std::size_t> ShardRuntime::OutdatedOf(const Staging& staging) {
  std::vector<std::size_t> outdated;
  for (std::size_t i = 0; i < staging.accounts.size(); ++i) {
    const Staged& account = staging.accounts[i];
    if (account.old != nullptr && account.old->runtime->publisher.Get() != account.known) {
      outdated.push_back(i);
    }
  }
  return outdated;
}

void ShardRuntime::PutIntoEffect(Staging& staging) {
  // The CAs that are trusted may be others by now.
  transport_->RenewConnections();
  connector_->RenewTrust();
  for (Staged& account : staging.accounts) {
    for (const auto& act : account.on_effect) act();
    Account& place = account.old ? *account.old : accounts_[account.config->id];
    std::swap(place, account.made);
    account.old = nullptr;
  }
  for (const std::string& id : staging.removed) {
    staging.accounts.emplace_back().made = std::move(accounts_.extract(id).mapped());
  }
}

bool ShardRuntime::ListenSome(Staging& staging) {
  const SteadyTime end = clock_.SteadyNow() + kPiece;
  for (std::size_t i = 0; i < kAccountsInPiece; ++i) {
    if (staging.listening == staging.accounts.size()) return true;
    if (i > 0 && clock_.SteadyNow() >= end) return false;
    const Staged& account = staging.accounts[staging.listening++];
    // Those of before leave last: a socket that is still wanted stays.
    if (account.config) Listen(accounts_.at(account.config->id));
    for (const PushFeeds::Ticket& ticket : account.made.tickets) push_.Leave(ticket);
  }
  return false;
}

std::shared_ptr<const PreviousCredential> ShardRuntime::Account::PreviousOf(
    const std::string& source) const {
  const auto found = std::find_if(previous.begin(), previous.end(),
                                  [&](const auto& entry) { return entry.first == source; });
  return found == previous.end() ? nullptr : found->second.lock();
}

void ShardRuntime::Listen(Account& account) {
  const std::vector<SourceConfig>& sources = account.config->sources;
  for (std::size_t i = 0; i < sources.size(); ++i) {
    const SourceConfig& source = sources[i];
    if (!source.info.push.enabled) continue;
    account.tickets.push_back(
        push_.Join(source, guards_.Of(source), account.PreviousOf(source.info.source),
                   {&*account.runtime->feed, i, {account.config, &source.info}}));
  }
}

void ShardRuntime::MakeAccount(Staged& account, const std::string& epoch) {
  if (account.old) account.known = account.old->runtime->publisher.Get();
  account.on_effect.clear();
  account.made = {};
  Account& made = account.made;
  made.config = std::make_shared<const AccountConfig>(*account.config);
  made.runtime = MakeRuntime(made.config->id, epoch);
  std::vector<AccountFeed::SourceSpec> specs;
  specs.reserve(made.config->sources.size());
  for (const SourceConfig& source : made.config->sources) {
    specs.push_back(MakeSpec(source, account));
  }
  Runtime& runtime = *made.runtime;
  runtime.feed.emplace(shard_.loop().get_executor(), clock_, schedule_, observer_,
                       runtime.publisher, std::move(specs));
  made.endpoint.publisher = {made.runtime, &runtime.publisher};
  made.endpoint.handle = std::make_shared<ShardAccountHandle>(
      shard_, std::shared_ptr<AccountFeed>(made.runtime, &*runtime.feed));
}

AccountFeed::SourceSpec ShardRuntime::MakeSpec(const SourceConfig& config, Staged& account) {
  const Account* old = account.old;
  Account& fresh = account.made;
  const SourceFingerprints fingerprints = FingerprintsOf(config);
  SourceParts parts{{fresh.config, &config},
                    fingerprints.credential,
                    guards_.Of(config, fingerprints),
                    nullptr,
                    MakeAccountHoldOff(),
                    {}};
  if (auto change = guards_.ChangeBy(config, fingerprints))
    account.on_effect.push_back(std::move(change));
  AccountFeed::SourceSpec spec;
  const SourceConfig* before = old ? FindSource(*old->config, config.info.source) : nullptr;
  if (before && HaveSameUpstream(*before, config)) {
    if (const auto* status = FindStatus(*account.known, config.info.source)) {
      spec.known = Remembered(*status, HaveSameLogin(*before, config));
      if (status->reading) parts.known = status->reading->balances;
      spec.known->quiet_since = config.info.push.enabled ? push_.QuietSince(config) : std::nullopt;
    }
    if (HaveSameLogin(*before, config)) {
      parts.account =
          old->hold_offs[static_cast<std::size_t>(before - old->config->sources.data())];
    } else {
      account.on_effect.emplace_back(
          [hold_off = parts.guards.credential.hold_off] { hold_off->Clear(); });
    }
    parts.previous = PreviousOf(config, *before, *old);
    if (parts.previous) fresh.previous.emplace_back(config.info.source, parts.previous);
  }
  fresh.hold_offs.push_back(parts.account);
  spec.options.info = {fresh.config, &config.info};
  spec.options.refresh_budget = config.upstream.refresh_budget;
  if (fleet_) {
    parts.fleet = &*fleet_;
    parts.fleet_login = fleet_->MakeLogin(config);
  }
  spec.options.path = std::make_shared<const UpstreamPath>(
      parts.guards, parts.account, parts.previous ? parts.previous->rotation : nullptr,
      parts.fleet_login);
  spec.source = MakeSource(std::move(parts), *transport_, NextRandom(), clock_);
  spec.random = NextRandom();
  return spec;
}

std::shared_ptr<const PreviousCredential> ShardRuntime::PreviousOf(const SourceConfig& config,
                                                                   const SourceConfig& before,
                                                                   const Account& old) {
  auto unfinished = old.PreviousOf(config.info.source);
  if (unfinished && unfinished->rotation->IsOver()) unfinished = nullptr;
  if (HaveSameLogin(before, config)) return unfinished;
  // One that has never served is no help.
  const SourceConfig& served = unfinished ? *unfinished->config : before;
  if (HaveSameLogin(served, config)) return nullptr;
  return std::make_shared<const PreviousCredential>(
      PreviousCredential{std::make_shared<const SourceConfig>(served), guards_.Of(served),
                         std::make_shared<Rotation>()});
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

void ShardRuntime::Start() {
  is_running_ = true;
  shard_.Post([this] {
    heartbeat_.Start();
    WatchIdleConnections();
    CountFreshness();
    if (fleet_) fleet_->Watch();
  });
  shard_.Start();
}

void ShardRuntime::WatchIdleConnections() {
  transport_->CloseIdleConnections();
  idle_check_.Set(clock_.SteadyNow() + kIdleCheck, [this] { WatchIdleConnections(); });
}

void ShardRuntime::CountFreshness() {
  const SteadyTime now = clock_.SteadyNow();
  FreshnessByKind times;
  auto next = accounts_.upper_bound(freshness_counted_);
  for (int i = 0; i < kAccountsCountedAtOnce && next != accounts_.end(); ++i, ++next) {
    next->second.runtime->feed->AddFreshness(now, times);
  }
  for (const auto& [kind, counted] : times) observer_.OnFreshness(kind, counted);
  const bool is_round_over = next == accounts_.end();
  freshness_counted_ = is_round_over ? std::string() : std::prev(next)->first;
  freshness_count_.Set(is_round_over ? now + SourceFeed::kFreshnessCount : now,
                       [this] { CountFreshness(); });
}

void ShardRuntime::AnswerReads() {
  shard_.Post([this] {
    for (auto& [id, account] : accounts_) account.runtime->feed->Stop();
  });
}

void ShardRuntime::Stop() {
  AnswerReads();
  shard_.Post([this] {
    heartbeat_.Stop();
    idle_check_.Cancel();
    push_.Stop();
    freshness_count_.Cancel();
    if (fleet_) fleet_->Stop();
  });
  shard_.Join();
  is_running_ = false;
}

}  // namespace balance
