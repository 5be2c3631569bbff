#pragma once

// State that a shard keeps of credentials, logins and hosts, whichever source uses them.

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "clients/core/clock.h"
#include "clients/core/connection_limits.h"
#include "clients/core/loop_executor.h"
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
  // `limits` bound the connections to all hosts, `seed` is where all jitter starts. `clock` must
  // outlive this object and the guards.
  UpstreamGuards(LoopExecutor executor, Clock& clock, ConnectionLimits limits, std::uint64_t seed);

  // The same objects for every source with the same credential, login or host.
  SourceGuards Of(const SourceConfig& config) { return Of(config, FingerprintsOf(config)); }
  // `fingerprints` are those of `config`.
  SourceGuards Of(const SourceConfig& config, const SourceFingerprints& fingerprints);

  // What is to be called when a source that is configured like that takes effect: its rate becomes
  // that of its credential, and what the upstream once said of its secret, before another one was
  // in effect, counts no more. Null if that changes nothing. The call costs next to nothing, and is
  // valid until the next OnReload(). REQUIRES: Of() was called.
  std::function<void()> ChangeBy(const SourceConfig& config) {
    return ChangeBy(config, FingerprintsOf(config));
  }
  std::function<void()> ChangeBy(const SourceConfig& config,
                                 const SourceFingerprints& fingerprints);

  // The configuration was read anew. What may have been mended at this side is tried again: a clock
  // that was off, a file that could not be read, CAs that were missing. Drops guards that no source
  // uses. A credential's guards are kept until every pause its upstream asked for has ended.
  void OnReload();

 private:
  // The first half of a fingerprint: two that differ have the same one with a probability of
  // 2^-128.
  using Key = std::array<unsigned char, 16>;

  // State of one secret of a credential. What the upstream says of one tells nothing about another.
  struct SecretState {
    // Of the LoginFingerprint().
    Key login{};
    std::shared_ptr<HoldOff> hold_off;
  };
  struct Credential {
    std::shared_ptr<Pacer> pacer;
    // Those of the pacer.
    RateSettings rate;
    // The one in effect, and others that sources use, as while one is being replaced.
    SecretState secret;
    std::vector<SecretState> others;
    // When its last source ended; unset while a source uses it.
    std::optional<SteadyTime> unused_since;
  };
  Credential& CredentialOf(const SourceConfig& config, const SourceFingerprints& fingerprints);
  // The credential's secret with that login; it is made if there is none.
  static SecretState& SecretOf(Credential& credential, const Key& login);
  static SecretState NewSecret(const Key& login);
  static Key KeyOf(const Fingerprint& fingerprint);
  const LoginGuards& LoginOf(const Fingerprint& request, const HostGuards& host);
  const HostGuards& HostGuardsOf(const SourceConfig& config);
  void DropUnused();
  Random NextRandom() { return SeededRandom(seed_++); }

  LoopExecutor executor_;
  Clock& clock_;
  std::shared_ptr<ConnectionSlots> slots_;
  std::uint64_t seed_;
  // Guards of each credential, indexed by its fingerprint.
  std::map<Key, Credential> credentials_;
  // Guards of each login, indexed by its RequestFingerprint().
  std::map<Key, LoginGuards> logins_;
  // Guards of each host, indexed by host:port.
  std::map<std::string, HostGuards> hosts_;
};

}  // namespace balance
