#include "service/server/source_factory.h"

#include <sodium.h>

#include <string_view>
#include <utility>

#include "clients/polymarket_us/polymarket_us_client.h"
#include "clients/polysimulator/polysimulator_client.h"
#include "clients/resilience/paced_source.h"

namespace balance {
namespace {

ConfiguredSource MakePolymarketUs(const PolymarketUsLogin& login, const UpstreamSettings& upstream,
                                  HttpTransport& transport, Clock& clock) {
  PolymarketUsClient::Options options;
  options.base_url = login.base_url;
  options.key_id = login.key_id;
  options.seed = login.seed;
  options.attempt_timeout = upstream.attempt_timeout;
  options.ca_file = upstream.tls_ca_file;
  auto client = std::make_unique<PolymarketUsClient>(transport, clock, std::move(options));
  auto replace = [client = client.get()](const SourceConfig& config) {
    const auto& fresh = std::get<PolymarketUsLogin>(config.login);
    client->ReplaceCredentials(fresh.key_id, *fresh.seed);
  };
  return {std::move(client), std::move(replace)};
}

ConfiguredSource MakePolySimulator(const PolySimulatorLogin& login,
                                   const UpstreamSettings& upstream, HttpTransport& transport,
                                   Clock& clock) {
  PolySimulatorClient::Options options;
  options.base_url = login.base_url;
  options.api_key = login.api_key;
  options.attempt_timeout = upstream.attempt_timeout;
  options.ca_file = upstream.tls_ca_file;
  auto client = std::make_unique<PolySimulatorClient>(transport, clock, std::move(options));
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

ConfiguredSource MakeSource(const SourceConfig& config, HttpTransport& transport,
                            std::shared_ptr<Pacer> pacer, Clock& clock) {
  const auto* polymarket = std::get_if<PolymarketUsLogin>(&config.login);
  ConfiguredSource made = polymarket
                              ? MakePolymarketUs(*polymarket, config.upstream, transport, clock)
                              : MakePolySimulator(std::get<PolySimulatorLogin>(config.login),
                                                  config.upstream, transport, clock);
  made.source = std::make_unique<PacedSource>(std::move(made.source), std::move(pacer), clock);
  return made;
}

}  // namespace balance
