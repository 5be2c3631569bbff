#include "service/server/source_factory.h"

#include <utility>

#include "clients/polymarket_us/polymarket_us_client.h"
#include "clients/polysimulator/polysimulator_client.h"

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

bool HaveSameUpstream(const SourceConfig& a, const SourceConfig& b) {
  return a.login.index() == b.login.index() && BaseUrlOf(a) == BaseUrlOf(b);
}

ConfiguredSource MakeSource(const SourceConfig& config, HttpTransport& transport, Clock& clock) {
  if (const auto* login = std::get_if<PolymarketUsLogin>(&config.login)) {
    return MakePolymarketUs(*login, config.upstream, transport, clock);
  }
  return MakePolySimulator(std::get<PolySimulatorLogin>(config.login), config.upstream, transport,
                           clock);
}

}  // namespace balance
