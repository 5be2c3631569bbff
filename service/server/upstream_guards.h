#pragma once

// What a shard knows of the credentials, logins and hosts that it asks, whichever source uses them.

#include <boost/asio/any_io_executor.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>

#include "clients/core/clock.h"
#include "clients/core/connection_limits.h"
#include "clients/core/random.h"
#include "clients/resilience/connection_slots.h"
#include "clients/resilience/upstream_path.h"
#include "service/config/config.h"
#include "service/config/source_login.h"

namespace balance {

// Holds no secret. Used on its shard's thread only. What is known of a credential lives here, so
// all sources that share one must be of one shard.
class UpstreamGuards {
 public:
  // `limits` are those of connections to all hosts, `seed` is that of all jitter. `clock` must
  // outlive it and the guards.
  UpstreamGuards(boost::asio::any_io_executor executor, Clock& clock, ConnectionLimits limits,
                 std::uint64_t seed);

  // The same objects for every source with the same credential, login or host.
  SourceGuards Of(const SourceConfig& config);

  // A source that is configured like that takes effect: its rate is that of its credential from now
  // on, and what the upstream said of another secret counts no more. REQUIRES: Of() was called.
  void Configure(const SourceConfig& config);

  // The configuration was read anew. What may have been mended at this side is tried again: a clock
  // that was off, a file that could not be read, CAs that were missing. Forgets guards that nobody
  // uses, those of credentials not until what the upstreams have asked of them is over.
  void OnReload();

 private:
  struct Credential {
    CredentialGuards guards;
    Fingerprint login_fingerprint{};
    // Unset while a source uses it.
    std::optional<SteadyTime> unused_since;
  };
  // All that decides what a request of the login meets.
  using LoginKey = std::tuple<Fingerprint, std::string, std::string>;

  Credential& CredentialOf(const SourceConfig& config);
  const LoginGuards& LoginOf(const SourceConfig& config, const HostGuards& host);
  const HostGuards& HostGuardsOf(const SourceConfig& config);
  void DropUnused();
  Random NextRandom() { return SeededRandom(seed_++); }

  boost::asio::any_io_executor executor_;
  Clock& clock_;
  std::shared_ptr<ConnectionSlots> slots_;
  std::uint64_t seed_;
  // By fingerprint of the credential.
  std::map<Fingerprint, Credential> credentials_;
  // By fingerprint of the login, base URL and CA file.
  std::map<LoginKey, LoginGuards> logins_;
  // By host:port.
  std::map<std::string, HostGuards> hosts_;
};

}  // namespace balance
