#include "service/server/upstream_guards.h"

#include <algorithm>
#include <utility>

#include "clients/resilience/hold_off_source.h"
#include "service/config/source_login.h"
#include "service/server/source_factory.h"

namespace balance {
namespace {

// How long an unused credential's guards are kept: at least as long as a hold-off lasts, and as a
// rate that a 429 lowered needs to rise again.
constexpr Duration kCredentialMemory = HoldOffTimes::kCredentialLongest;

}  // namespace

UpstreamGuards::UpstreamGuards(LoopExecutor executor, Clock& clock, ConnectionLimits limits,
                               std::uint64_t seed)
    : executor_(std::move(executor)),
      clock_(clock),
      slots_(std::make_shared<ConnectionSlots>(executor_, clock, limits)),
      seed_(seed) {}

SourceGuards UpstreamGuards::Of(const SourceConfig& config,
                                const SourceFingerprints& fingerprints) {
  const HostGuards& host = HostGuardsOf(config);
  return {CredentialOf(config, fingerprints).guards, LoginOf(fingerprints.request, host), host};
}

std::function<void()> UpstreamGuards::ChangeBy(const SourceConfig& config,
                                               const SourceFingerprints& fingerprints) {
  Credential& credential = CredentialOf(config, fingerprints);
  const RateSettings rate = config.upstream.rate;
  const Key login = KeyOf(fingerprints.login);
  if (credential.rate == rate && credential.login == login) return nullptr;
  return [&credential, rate, login] {
    credential.rate = rate;
    credential.guards.pacer->Configure(rate);
    // The upstream rejected another secret, so its hold-off does not apply to this one.
    if (std::exchange(credential.login, login) != login) {
      credential.guards.hold_off->Clear();
    }
  };
}

void UpstreamGuards::OnReload() {
  for (auto& [fingerprint, credential] : credentials_) credential.guards.hold_off->OnReload();
  for (auto& [key, login] : logins_) login.breaker->OnReload();
  DropUnused();
}

UpstreamGuards::Key UpstreamGuards::KeyOf(const Fingerprint& fingerprint) {
  Key key;
  std::copy_n(fingerprint.begin(), key.size(), key.begin());
  return key;
}

UpstreamGuards::Credential& UpstreamGuards::CredentialOf(const SourceConfig& config,
                                                         const SourceFingerprints& fingerprints) {
  Credential& credential = credentials_[KeyOf(fingerprints.credential)];
  CredentialGuards& guards = credential.guards;
  if (!guards.pacer) {
    guards.pacer = std::make_shared<Pacer>(executor_, clock_, config.upstream.rate);
    guards.hold_off =
        std::make_shared<HoldOff>(HoldOffTimes::kCredential, HoldOffTimes::kCredentialLongest);
    credential.rate = config.upstream.rate;
    credential.login = KeyOf(fingerprints.login);
  }
  return credential;
}

const LoginGuards& UpstreamGuards::LoginOf(const Fingerprint& request, const HostGuards& host) {
  LoginGuards& guards = logins_[KeyOf(request)];
  if (!guards.breaker) {
    guards.breaker = std::make_shared<LoginBreaker>(host.breaker, NextRandom());
    guards.retries = std::make_shared<RetryBudget>();
  }
  return guards;
}

const HostGuards& UpstreamGuards::HostGuardsOf(const SourceConfig& config) {
  HostGuards& guards = hosts_[HostOf(config)];
  if (!guards.breaker) {
    guards.breaker = std::make_shared<HostBreaker>(NextRandom());
    guards.clock_skew = std::make_shared<ClockSkew>(clock_);
    guards.slots = std::make_shared<HostSlots>(slots_);
  }
  return guards;
}

// Drops guards that only these maps hold. An account that is on its way out still holds its own.
void UpstreamGuards::DropUnused() {
  const SteadyTime now = clock_.SteadyNow();
  for (auto& [fingerprint, credential] : credentials_) {
    if (credential.guards.pacer.use_count() > 1) {
      credential.unused_since.reset();
    } else if (!credential.unused_since) {
      credential.unused_since = now;
    }
  }
  std::erase_if(credentials_, [now](const auto& entry) {
    const Credential& credential = entry.second;
    if (!credential.unused_since) return false;
    return now >= std::max(*credential.unused_since + kCredentialMemory,
                           credential.guards.pacer->FullAt());
  });
  std::erase_if(logins_, [](const auto& entry) { return entry.second.breaker.use_count() == 1; });
  std::erase_if(hosts_, [](const auto& entry) { return entry.second.breaker.use_count() == 1; });
}

}  // namespace balance
