#pragma once

// From a configured source to the client that reads it.

#include <functional>
#include <memory>
#include <string>

#include "clients/core/balance_source.h"
#include "clients/core/clock.h"
#include "clients/http/http_transport.h"
#include "clients/resilience/upstream_path.h"
#include "service/config/config.h"

namespace balance {

struct ConfiguredSource {
  std::unique_ptr<BalanceSource> source;
  // Makes the source use the login of another configuration, and the guards of its credential, from
  // its next request on. Belongs to the source, lives as long as it, and is called on its shard's
  // thread. REQUIRES: HaveSameUpstream() with the first configuration.
  std::function<void(const SourceConfig&, const CredentialGuards&)> replace_login;
};

// host:port of the upstream.
std::string HostOf(const SourceConfig& config);

// Tells credentials apart without holding them: equal for equal credentials of one venue.
std::string CredentialFingerprint(const SourceConfig& config);

// Whether both speak to one venue at one address, so that either's login may be used there.
bool HaveSameUpstream(const SourceConfig& a, const SourceConfig& b);

// The venue's client and, from the inside out, what guards it: breaker of the host, hold-off and
// pacing of the credential, retries, the comparison with the reading before. The guards are shared
// with the other sources of the credential and at the host. `random` gives a number generator to
// each that needs one. `transport` and `clock` must outlive the source.
ConfiguredSource MakeSource(const SourceConfig& config, HttpTransport& transport,
                            const CredentialGuards& credential, const HostGuards& host,
                            Random random, Clock& clock);

}  // namespace balance
