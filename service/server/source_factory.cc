#include "service/server/source_factory.h"

#include <sodium.h>

#include <initializer_list>
#include <string_view>
#include <utility>

#include "clients/polymarket_us/polymarket_us_client.h"
#include "clients/polysimulator/polysimulator_client.h"
#include "clients/resilience/breaker_source.h"
#include "clients/resilience/continuity_source.h"
#include "clients/resilience/hold_off_source.h"
#include "clients/resilience/paced_source.h"
#include "clients/resilience/retrying_source.h"
#include "clients/resilience/rotating_source.h"

namespace balance {
namespace {

using SourcePtr = std::unique_ptr<BalanceSource>;

SourcePtr MakePolymarketUs(const PolymarketUsLogin& login, const UpstreamSettings& upstream,
                           HttpTransport& transport, Clock& clock,
                           std::shared_ptr<UpstreamClock> venue_clock) {
  PolymarketUsClient::Options options;
  options.base_url = login.base_url;
  options.key_id = login.key_id;
  options.seed = login.seed;
  options.attempt_timeout = upstream.attempt_timeout;
  options.ca_file = upstream.tls_ca_file;
  return std::make_unique<PolymarketUsClient>(transport, clock, std::move(venue_clock),
                                              std::move(options));
}

SourcePtr MakePolySimulator(const PolySimulatorLogin& login, const UpstreamSettings& upstream,
                            HttpTransport& transport, Clock& clock,
                            std::shared_ptr<UpstreamClock> venue_clock) {
  PolySimulatorClient::Options options;
  options.base_url = login.base_url;
  options.api_key = login.api_key;
  options.attempt_timeout = upstream.attempt_timeout;
  options.ca_file = upstream.tls_ca_file;
  return std::make_unique<PolySimulatorClient>(transport, clock, std::move(venue_clock),
                                               std::move(options));
}

const BaseUrl& BaseUrlOf(const SourceConfig& config) {
  return std::visit([](const auto& login) -> const BaseUrl& { return login.base_url; },
                    config.login);
}

// As far as one credential goes.
SourcePtr MakeGuarded(const SourceConfig& config, const CredentialGuards& credential,
                      std::shared_ptr<HoldOff> account, const HostGuards& host,
                      HttpTransport& transport, Clock& clock) {
  const auto* polymarket = std::get_if<PolymarketUsLogin>(&config.login);
  SourcePtr source =
      polymarket ? MakePolymarketUs(*polymarket, config.upstream, transport, clock, host.clock_skew)
                 : MakePolySimulator(std::get<PolySimulatorLogin>(config.login), config.upstream,
                                     transport, clock, host.clock_skew);
  source = std::make_unique<BreakerSource>(std::move(source), host.breaker, clock);
  source = std::make_unique<HoldOffSource>(std::move(source), credential.hold_off, clock,
                                           std::move(account));
  return std::make_unique<PacedSource>(std::move(source), credential.pacer, clock);
}

// Owns `previous`, whose secret is to go with it.
std::shared_ptr<BalanceSource> MakePrevious(std::shared_ptr<const PreviousCredential> previous,
                                            const HostGuards& host, HttpTransport& transport,
                                            Clock& clock) {
  struct Owner {
    std::shared_ptr<const PreviousCredential> credential;
    SourcePtr source;
  };
  SourcePtr source =
      MakeGuarded(previous->config, previous->guards, MakeAccountHoldOff(), host, transport, clock);
  const auto owner = std::make_shared<Owner>(Owner{std::move(previous), std::move(source)});
  return {owner, owner->source.get()};
}

// The parts are told apart only if all but the last have a fixed length each, or an end.
Fingerprint HashOf(std::initializer_list<std::string_view> parts) {
  Fingerprint hash;
  crypto_generichash_state state;
  crypto_generichash_init(&state, nullptr, 0, hash.size());
  for (const std::string_view part : parts) {
    crypto_generichash_update(&state, reinterpret_cast<const unsigned char*>(part.data()),
                              part.size());
  }
  crypto_generichash_final(&state, hash.data(), hash.size());
  return hash;
}

std::string_view BytesOf(const Fingerprint& fingerprint) {
  return {reinterpret_cast<const char*>(fingerprint.data()), fingerprint.size()};
}

}  // namespace

Fingerprint CredentialFingerprint(const SourceConfig& config) {
  const auto* polymarket = std::get_if<PolymarketUsLogin>(&config.login);
  if (polymarket) return HashOf({"polymarket-us:", polymarket->key_id});
  return HashOf({"polysimulator:", std::get<PolySimulatorLogin>(config.login).api_key->Expose()});
}

Fingerprint LoginFingerprint(const SourceConfig& config) {
  const Fingerprint credential = CredentialFingerprint(config);
  const auto* polymarket = std::get_if<PolymarketUsLogin>(&config.login);
  if (!polymarket) return credential;
  return HashOf({BytesOf(credential), polymarket->seed->Expose()});
}

bool HaveSameUpstream(const SourceConfig& a, const SourceConfig& b) {
  return a.login.index() == b.login.index() && BaseUrlOf(a) == BaseUrlOf(b);
}

bool HaveSameLogin(const SourceConfig& a, const SourceConfig& b) {
  if (a.login.index() != b.login.index()) return false;
  if (const auto* mine = std::get_if<PolymarketUsLogin>(&a.login)) {
    const auto& other = std::get<PolymarketUsLogin>(b.login);
    return mine->key_id == other.key_id && *mine->seed == *other.seed;
  }
  return *std::get<PolySimulatorLogin>(a.login).api_key ==
         *std::get<PolySimulatorLogin>(b.login).api_key;
}

std::string HostOf(const SourceConfig& config) {
  const BaseUrl& url = BaseUrlOf(config);
  return url.host + ":" + std::to_string(url.port);
}

bool AreSame(const SourceConfig& a, const SourceConfig& b) {
  return a.info == b.info && a.upstream == b.upstream && HaveSameUpstream(a, b) &&
         HaveSameLogin(a, b);
}

SourcePtr MakeSource(SourceParts parts, HttpTransport& transport, Random random, Clock& clock) {
  SourcePtr source =
      MakeGuarded(parts.config, parts.credential, parts.account, parts.host, transport, clock);
  if (parts.previous) {
    source = std::make_unique<RotatingSource>(
        std::move(source), MakePrevious(parts.previous, parts.host, transport, clock),
        parts.previous->rotation, parts.credential.hold_off);
  }
  source = std::make_unique<RetryingSource>(std::move(source), parts.host.retries,
                                            std::move(random), clock);
  return std::make_unique<ContinuitySource>(
      std::move(source), parts.config.info.cache.min_refresh_interval, clock, parts.known);
}

}  // namespace balance
