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
  Credential& credential = CredentialOf(config, fingerprints);
  return {{credential.pacer, SecretOf(credential, KeyOf(fingerprints.login)).hold_off},
          LoginOf(fingerprints.request, host),
          host};
}

std::function<void()> UpstreamGuards::ChangeBy(const SourceConfig& config,
                                               const SourceFingerprints& fingerprints) {
  Credential& credential = CredentialOf(config, fingerprints);
  const RateSettings rate = config.upstream.rate;
  const Key login = KeyOf(fingerprints.login);
  if (credential.rate == rate && credential.secret.login == login) return nullptr;
  return [&credential, rate, login] {
    credential.rate = rate;
    credential.pacer->Configure(rate);
    if (credential.secret.login == login) return;
    std::swap(credential.secret, SecretOf(credential, login));
    // It may have been in effect before, and rejected then.
    credential.secret.hold_off->Clear();
  };
}

void UpstreamGuards::OnReload() {
  for (auto& [fingerprint, credential] : credentials_) {
    credential.secret.hold_off->OnReload();
    for (SecretState& secret : credential.others) secret.hold_off->OnReload();
  }
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
  if (!credential.pacer) {
    credential.pacer = std::make_shared<Pacer>(executor_, clock_, config.upstream.rate);
    credential.rate = config.upstream.rate;
    credential.secret = NewSecret(KeyOf(fingerprints.login));
  }
  return credential;
}

UpstreamGuards::SecretState UpstreamGuards::NewSecret(const Key& login) {
  return {login,
          std::make_shared<HoldOff>(HoldOffTimes::kCredential, HoldOffTimes::kCredentialLongest)};
}

UpstreamGuards::SecretState& UpstreamGuards::SecretOf(Credential& credential, const Key& login) {
  if (credential.secret.login == login) return credential.secret;
  for (SecretState& other : credential.others) {
    if (other.login == login) return other;
  }
  return credential.others.emplace_back(NewSecret(login));
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
    std::erase_if(credential.others,
                  [](const SecretState& other) { return other.hold_off.use_count() == 1; });
    if (credential.pacer.use_count() > 1) {
      credential.unused_since.reset();
    } else if (!credential.unused_since) {
      credential.unused_since = now;
    }
  }
  std::erase_if(credentials_, [now](const auto& entry) {
    const Credential& credential = entry.second;
    if (!credential.unused_since) return false;
    return now >=
           std::max(*credential.unused_since + kCredentialMemory, credential.pacer->FullAt());
  });
  std::erase_if(logins_, [](const auto& entry) { return entry.second.breaker.use_count() == 1; });
  std::erase_if(hosts_, [](const auto& entry) { return entry.second.breaker.use_count() == 1; });
}

}  // namespace balance
