#include "service/server/source_factory.h"

#include <cstdint>
#include <cstring>
#include <utility>

#include "clients/resilience/breaker_source.h"
#include "clients/resilience/continuity_source.h"
#include "clients/resilience/hold_off_source.h"
#include "clients/resilience/paced_source.h"
#include "clients/resilience/retrying_source.h"
#include "clients/resilience/rotating_source.h"
#include "service/config/source_login.h"

namespace balance {
namespace {

using SourcePtr = std::unique_ptr<BalanceSource>;

// Value of HttpRequest::login: credentials with different numbers are different, and two that
// differ have one number with a probability of 2^-64.
std::uint64_t LoginNumber(const Fingerprint& credential) {
  std::uint64_t number = 0;
  std::memcpy(&number, credential.data(), sizeof number);
  return number;
}

SourcePtr MakeClient(const std::shared_ptr<const SourceConfig>& config,
                     const Fingerprint& credential, HttpTransport& transport, Clock& clock,
                     std::shared_ptr<UpstreamClock> host_clock) {
  return config->venue->MakeClient({config, &config->login}, SettingsOf(*config, credential),
                                   transport, clock, std::move(host_clock));
}

// As far as one credential goes.
SourcePtr MakeGuarded(const std::shared_ptr<const SourceConfig>& config,
                      const Fingerprint& credential, const SourceGuards& guards,
                      std::shared_ptr<HoldOff> account, HttpTransport& transport, Clock& clock) {
  SourcePtr source = MakeClient(config, credential, transport, clock, guards.host.clock_skew);
  source = std::make_unique<BreakerSource>(std::move(source), guards.login.breaker, clock);
  source = std::make_unique<HoldOffSource>(std::move(source), guards.credential.hold_off, clock,
                                           std::move(account));
  return std::make_unique<PacedSource>(std::move(source), guards.credential.pacer, clock,
                                       guards.host.slots);
}

// Owns `previous`, whose secret is to go with it. `fleet` may be null.
std::shared_ptr<BalanceSource> MakePrevious(std::shared_ptr<const PreviousCredential> previous,
                                            ShardFleet* fleet, HttpTransport& transport,
                                            Clock& clock) {
  struct Owner {
    std::shared_ptr<const PreviousCredential> credential;
    SourcePtr source;
  };
  const SourceConfig& config = *previous->config;
  const Fingerprint credential = CredentialFingerprint(config);
  SourcePtr source = MakeGuarded(previous->config, credential, previous->guards,
                                 MakeAccountHoldOff(), transport, clock);
  if (fleet) {
    source = fleet->Share(std::move(source), config, credential, fleet->MakeLogin(config));
  }
  const auto owner = std::make_shared<Owner>(Owner{std::move(previous), std::move(source)});
  return {owner, owner->source.get()};
}

}  // namespace

std::string HostOf(const SourceConfig& config) { return config.login.base_url.Authority(); }

std::string AddressOf(const SourceConfig& config) { return config.login.base_url.ToString(); }

ClientSettings SettingsOf(const SourceConfig& config, const Fingerprint& credential) {
  return {.attempt_timeout = config.upstream.attempt_timeout,
          .ca_file = config.upstream.tls_ca_file,
          .login = LoginNumber(credential),
          .kind = config.info.kind};
}

bool AreSame(const SourceConfig& a, const SourceConfig& b) {
  return a.info == b.info && a.upstream == b.upstream && HaveSameUpstream(a, b) &&
         HaveSameLogin(a, b);
}

SourcePtr MakeSource(SourceParts parts, HttpTransport& transport, Random random, Clock& clock) {
  SourcePtr source =
      MakeGuarded(parts.config, parts.credential, parts.guards, parts.account, transport, clock);
  if (parts.fleet) {
    source =
        parts.fleet->Share(std::move(source), *parts.config, parts.credential, parts.fleet_login);
  }
  if (parts.previous) {
    source = std::make_unique<RotatingSource>(
        std::move(source), MakePrevious(parts.previous, parts.fleet, transport, clock),
        parts.previous->rotation, parts.guards.credential.hold_off);
  }
  source = std::make_unique<RetryingSource>(std::move(source), parts.guards.login.retries,
                                            std::move(random), clock);
  return std::make_unique<ContinuitySource>(
      std::move(source), parts.config->info.cache.min_refresh_interval, clock, parts.known);
}

}  // namespace balance
