#pragma once

// From a configured source to the client that reads it.

#include <memory>
#include <string>
#include <vector>

#include "clients/core/balance_source.h"
#include "clients/core/clock.h"
#include "clients/core/random.h"
#include "clients/http/http_transport.h"
#include "clients/resilience/upstream_path.h"
#include "clients/venue/client_settings.h"
#include "service/config/config.h"
#include "service/config/source_login.h"
#include "service/server/shard_fleet.h"

namespace balance {

// host:port of the upstream, and its whole base URL.
std::string HostOf(const SourceConfig& config);
std::string AddressOf(const SourceConfig& config);

// What the source's clients are made with. `credential` is CredentialFingerprint() of `config`.
ClientSettings SettingsOf(const SourceConfig& config, const Fingerprint& credential);

// Nothing differs.
bool AreSame(const SourceConfig& a, const SourceConfig& b);

// The credential that a source used before, secret included. REQUIRES: HaveSameUpstream() with the
// source's own.
struct PreviousCredential {
  std::shared_ptr<const SourceConfig> config;
  SourceGuards guards;
  std::shared_ptr<Rotation> rotation;
};

struct SourceParts {
  std::shared_ptr<const SourceConfig> config;
  // CredentialFingerprint() of `config`.
  Fingerprint credential;
  // Shared with the other sources of the credential, the login, and at the host.
  SourceGuards guards;
  // Null: no replacement is under way.
  std::shared_ptr<const PreviousCredential> previous;
  // The source's own, for an account that is missing.
  std::shared_ptr<HoldOff> account;
  // What is known to be held already.
  std::vector<CurrencyBalance> known;
  // Null: the login is not shared with other replicas.
  ShardFleet* fleet = nullptr;
  // Not null with `fleet`.
  std::shared_ptr<FleetLogin> fleet_login = nullptr;
};

// The venue's client and, from the inside out, what guards it: breakers of the login and of the
// host, hold-off and pacing of the credential together with the host's connections, the bridge to a
// new credential, retries, the comparison with the reading before. In a fleet each credential's
// part is shared with other replicas, below the bridge and above the pacing. It lets go of
// `previous` when the replacement is over. `transport` and `clock` must outlive the source.
std::unique_ptr<BalanceSource> MakeSource(SourceParts parts, HttpTransport& transport,
                                          Random random, Clock& clock);

}  // namespace balance
