#include "service/server/shard_fleet.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <random>
#include <utility>

#include "clients/redis/lease_owner.h"
#include "clients/redis/login_names.h"
#include "clients/redis/shared_source.h"
#include "clients/venue/venue.h"

namespace balance {
namespace {

constexpr Duration kTick = std::chrono::milliseconds(250);

// A connection for messages may be made anew for so long before anybody is told.
constexpr Duration kSubscribePatience = std::chrono::seconds(5);

// A reading that no source may show any more is kept for a while: another replica's configuration
// may allow more.
constexpr Duration kLeastTimeToLive = std::chrono::seconds(60);

Seal SealOf(const FleetConfig& config) {
  return Seal(config.sealing_key, config.previous_sealing_key);
}

RedisLogin SentinelLogin(const RedisSettings& redis) {
  return redis.sentinel ? redis.sentinel->login : RedisLogin();
}

SharedSource::Settings SharedSettingsOf(const SourceConfig& config, double reserve,
                                        std::string owner) {
  const std::string kind(config.venue->facts().key);
  const std::string address = config.login.base_url.ToString();
  const std::string key_id = config.venue->CredentialName(config.login);
  const CacheSettings& cache = config.info.cache;
  return {
      .names = balance::NamesOf({kind, address, key_id, *config.login.secret}),
      .owner = std::move(owner),
      .rate = FleetRateOf(config.upstream.rate, reserve),
      .min_refresh_interval = cache.min_refresh_interval,
      .refresh_budget = config.upstream.refresh_budget,
      .time_to_live = config.info.LongestFresh() +
                      std::max({cache.max_stale, cache.stale_while_revalidate, kLeastTimeToLive})};
}

// The store tells the standing of what it does, also when nobody else has it any more.
std::shared_ptr<RedisFleetStore> MakeStore(boost::asio::io_context& loop, ShardFleet::Parts& parts,
                                           Random random, std::shared_ptr<RedisStanding> standing) {
  struct Owner {
    std::shared_ptr<RedisStanding> standing;
    RedisFleetStore store;
  };
  RedisStanding& observer = *standing;
  const std::shared_ptr<Owner> owner(
      new Owner{std::move(standing),
                RedisFleetStore(loop, parts.own_clock, std::move(random), parts.config.redis,
                                SealOf(parts.config), observer, &parts.shared_clock)});
  return {owner, &owner->store};
}

}  // namespace

std::string RandomReplicaName() {
  std::random_device chance;
  return fmt::format("{:08x}", chance());
}

ShardFleet::ShardFleet(boost::asio::io_context& loop, Parts parts)
    : loop_(loop),
      clock_(parts.own_clock),
      replica_(std::move(parts.replica)),
      max_replicas_(parts.config.max_replicas),
      reserve_(parts.config.reserve),
      operation_timeout_(parts.config.redis.operation_timeout),
      seed_(parts.seed),
      standing_(std::make_shared<RedisStanding>(parts.monitor, clock_)),
      store_(MakeStore(loop, parts, NextRandom(), standing_)),
      tick_(loop.get_executor(), clock_) {
  state_.Publish(std::make_shared<const FleetLinkState>());
}

ShardFleet::~ShardFleet() = default;

std::shared_ptr<FleetLogin> ShardFleet::MakeLogin(const SourceConfig& config) const {
  const RateSettings& rate = config.upstream.rate;
  return std::make_shared<FleetLogin>(FleetRateOf(rate, reserve_).interval, rate.burst,
                                      is_connected_);
}

std::unique_ptr<BalanceSource> ShardFleet::Share(std::unique_ptr<BalanceSource> next,
                                                 const SourceConfig& config,
                                                 const Fingerprint& credential,
                                                 std::shared_ptr<FleetLogin> login) {
  return std::make_unique<SharedSource>(
      loop_.get_executor(), std::move(next), store_, ReserveOf(config, credential),
      std::move(login), SharedSettingsOf(config, reserve_, OwnerOf(replica_, ++last_source_)),
      NextRandom(), clock_);
}

std::shared_ptr<ReserveBudget> ShardFleet::ReserveOf(const SourceConfig& config,
                                                     const Fingerprint& credential) {
  const RateSettings& rate = config.upstream.rate;
  Credential& known = credentials_[credential];
  if (!known.reserve) {
    known.reserve = std::make_shared<ReserveBudget>(rate, reserve_, max_replicas_, NextRandom());
  } else if (known.rate != rate) {
    known.reserve->SetRate(rate);
  }
  known.rate = rate;
  return known.reserve;
}

void ShardFleet::Renew(const FleetConfig& config) {
  store_->Renew(config.redis.login, SentinelLogin(config.redis), SealOf(config));
}

void ShardFleet::OnReload() {
  const SteadyTime now = clock_.SteadyNow();
  std::erase_if(credentials_, [now](const auto& entry) {
    const auto& reserve = entry.second.reserve;
    return reserve.use_count() == 1 && reserve->Earliest() <= now;
  });
}

void ShardFleet::Watch() {
  auto state = std::make_shared<const FleetLinkState>(LinkState());
  *is_connected_ = state->is_connected;
  standing_->OnLinkState(*state);
  state_.Publish(std::move(state));
  tick_.Set(clock_.SteadyNow() + kTick, [this] { Watch(); });
}

FleetLinkState ShardFleet::LinkState() {
  const SteadyTime now = clock_.SteadyNow();
  FleetLinkState state{standing_->IsOfUse(store_->health()), {}, store_->ClockOffset()};
  state.reason = standing_->reason();
  if (!state.is_connected || store_->IsListening()) {
    unheard_since_.reset();
    return state;
  }
  if (!unheard_since_) unheard_since_ = now;
  if (now - *unheard_since_ >= kSubscribePatience) {
    state.is_connected = false;
    state.reason = "messages on its channels do not come in; check the user's rights (&bal:*)";
  }
  return state;
}

void ShardFleet::Stop() {
  tick_.Set(clock_.SteadyNow() + operation_timeout_, [store = store_] { store->Stop(); });
}

}  // namespace balance
