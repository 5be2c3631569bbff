#pragma once

// From a configured source to the client that reads it.

#include <functional>
#include <memory>
#include <string>

#include "clients/core/balance_source.h"
#include "clients/core/clock.h"
#include "clients/http/http_transport.h"
#include "clients/resilience/pacer.h"
#include "service/config/config.h"

namespace balance {

struct ConfiguredSource {
  std::unique_ptr<BalanceSource> source;
  // Makes the source use the login of another configuration from its next request on. Belongs to
  // the source, lives as long as it, and is called on its shard's thread. REQUIRES:
  // HaveSameUpstream() with the first configuration.
  std::function<void(const SourceConfig&)> replace_login;
};

// Tells credentials apart without holding them: equal for equal credentials of one venue.
std::string CredentialFingerprint(const SourceConfig& config);

// Whether both speak to one venue at one address, so that either's login may be used there.
bool HaveSameUpstream(const SourceConfig& a, const SourceConfig& b);

// `pacer` is shared by the sources of a credential. `transport` and `clock` must outlive the
// source.
ConfiguredSource MakeSource(const SourceConfig& config, HttpTransport& transport,
                            std::shared_ptr<Pacer> pacer, Clock& clock);

}  // namespace balance
