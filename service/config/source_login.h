#pragma once

// How the logins of two sources relate, and what a login's money is called by default. The hashes
// tell credentials apart without holding them. Pure. REQUIRES: sodium_init() has succeeded.

#include <array>
#include <string>

#include "service/config/config.h"

namespace balance {

// Whether both speak to one venue at one address, so that what was read there is still the source's
// and either's login may be used there.
bool HaveSameUpstream(const SourceConfig& a, const SourceConfig& b);

// Whether both use the same secrets. REQUIRES: IsComplete() holds for both.
bool HaveSameLogin(const SourceConfig& a, const SourceConfig& b);

// An unkeyed BLAKE2b hash, which never leaves the process.
using Fingerprint = std::array<unsigned char, 32>;

// Whether the login has all of its parts: the configuration may name a secret that cannot be read.
bool IsComplete(const SourceConfig& source);

// Hash that is equal for equal credentials of one venue, which are equal in
// Venue::CredentialName(), or where a credential has no name, in their secret. REQUIRES:
// IsComplete().
Fingerprint CredentialFingerprint(const SourceConfig& source);

// Hash that also differs for another secret of the same credential. REQUIRES: IsComplete().
Fingerprint LoginFingerprint(const SourceConfig& source);

// Hash that also differs for another base URL or CA file: equal for sources whose requests meet the
// same. REQUIRES: IsComplete().
Fingerprint RequestFingerprint(const SourceConfig& source);

// The three of one source.
struct SourceFingerprints {
  Fingerprint credential;
  Fingerprint login;
  Fingerprint request;
};

// Made in one go, which takes half as many hashes. REQUIRES: IsComplete().
SourceFingerprints FingerprintsOf(const SourceConfig& source);

// The default pool of the login: `pool-` and 16 hexadecimal digits of a BLAKE2b hash of the
// credential, keyed by the login's secret. Sources that log in alike have the same one in every
// replica and after a restart, and nobody without the secret can confirm a guess of what is behind
// it. It becomes another one when the secret is replaced. `credential` is the source's
// CredentialFingerprint(). REQUIRES: IsComplete().
std::string DefaultPool(const SourceConfig& source, const Fingerprint& credential);

}  // namespace balance
