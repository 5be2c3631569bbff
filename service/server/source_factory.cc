#include "service/server/source_factory.h"

#include <sodium.h>

#include <string_view>
#include <utility>

#include "clients/polymarket_us/polymarket_us_client.h"
#include "clients/polysimulator/polysimulator_client.h"
#include "clients/resilience/breaker_source.h"
#include "clients/resilience/continuity_source.h"
#include "clients/resilience/hold_off_source.h"
#include "clients/resilience/paced_source.h"
#include "clients/resilience/retrying_source.h"

namespace balance {
namespace {

struct Client {
  std::unique_ptr<BalanceSource> source;
  std::function<void(const SourceConfig&)> replace_login;
};

Client MakePolymarketUs(const PolymarketUsLogin& login, const UpstreamSettings& upstream,
                        HttpTransport& transport, Clock& clock,
                        std::shared_ptr<UpstreamClock> venue_clock) {
  PolymarketUsClient::Options options;
  options.base_url = login.base_url;
  options.key_id = login.key_id;
  options.seed = login.seed;
  options.attempt_timeout = upstream.attempt_timeout;
  options.ca_file = upstream.tls_ca_file;
  auto client = std::make_unique<PolymarketUsClient>(transport, clock, std::move(venue_clock),
                                                     std::move(options));
  auto replace = [client = client.get()](const SourceConfig& config) {
    const auto& fresh = std::get<PolymarketUsLogin>(config.login);
    client->ReplaceCredentials(fresh.key_id, *fresh.seed);
  };
  return {std::move(client), std::move(replace)};
}

Client MakePolySimulator(const PolySimulatorLogin& login, const UpstreamSettings& upstream,
                         HttpTransport& transport, Clock& clock,
                         std::shared_ptr<UpstreamClock> venue_clock) {
  PolySimulatorClient::Options options;
  options.base_url = login.base_url;
  options.api_key = login.api_key;
  options.attempt_timeout = upstream.attempt_timeout;
  options.ca_file = upstream.tls_ca_file;
  auto client = std::make_unique<PolySimulatorClient>(transport, clock, std::move(venue_clock),
                                                      std::move(options));
  auto replace = [client = client.get()](const SourceConfig& config) {
    client->ReplaceCredentials(std::get<PolySimulatorLogin>(config.login).api_key);
  };
  return {std::move(client), std::move(replace)};
}

const BaseUrl& BaseUrlOf(const SourceConfig& config) {
  return std::visit([](const auto& login) -> const BaseUrl& { return login.base_url; },
                    config.login);
}

}  // namespace

std::string CredentialFingerprint(const SourceConfig& config) {
  const auto* polymarket = std::get_if<PolymarketUsLogin>(&config.login);
  const std::string_view credential =
      polymarket ? std::string_view(polymarket->key_id)
                 : std::get<PolySimulatorLogin>(config.login).api_key->Expose();
  std::string fingerprint(crypto_generichash_BYTES, '\0');
  crypto_generichash(reinterpret_cast<unsigned char*>(fingerprint.data()), fingerprint.size(),
                     reinterpret_cast<const unsigned char*>(credential.data()), credential.size(),
                     nullptr, 0);
  return fingerprint + (polymarket ? "polymarket-us" : "polysimulator");
}

bool HaveSameUpstream(const SourceConfig& a, const SourceConfig& b) {
  return a.login.index() == b.login.index() && BaseUrlOf(a) == BaseUrlOf(b);
}

std::string HostOf(const SourceConfig& config) {
  const BaseUrl& url = BaseUrlOf(config);
  return url.host + ":" + std::to_string(url.port);
}

ConfiguredSource MakeSource(const SourceConfig& config, HttpTransport& transport,
                            const CredentialGuards& credential, const HostGuards& host,
                            Random random, Clock& clock) {
  const auto* polymarket = std::get_if<PolymarketUsLogin>(&config.login);
  Client client =
      polymarket ? MakePolymarketUs(*polymarket, config.upstream, transport, clock, host.clock_skew)
                 : MakePolySimulator(std::get<PolySimulatorLogin>(config.login), config.upstream,
                                     transport, clock, host.clock_skew);
  auto behind_breaker =
      std::make_unique<BreakerSource>(std::move(client.source), host.breaker, clock);
  auto held_off =
      std::make_unique<HoldOffSource>(std::move(behind_breaker), credential.hold_off, clock);
  HoldOffSource* const hold_off_source = held_off.get();
  auto paced = std::make_unique<PacedSource>(std::move(held_off), credential.pacer, clock);
  PacedSource* const paced_source = paced.get();
  auto retrying =
      std::make_unique<RetryingSource>(std::move(paced), host.retries, std::move(random), clock);
  ConfiguredSource made;
  made.source = std::make_unique<ContinuitySource>(std::move(retrying),
                                                   config.info.cache.min_refresh_interval, clock);
  made.replace_login = [replace = std::move(client.replace_login), hold_off_source, paced_source](
                           const SourceConfig& fresh, const CredentialGuards& guards) {
    replace(fresh);
    hold_off_source->ReplaceCredential(guards.hold_off);
    paced_source->ReplacePacer(guards.pacer);
  };
  return made;
}

}  // namespace balance
