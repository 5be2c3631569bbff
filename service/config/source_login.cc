#include "service/config/source_login.h"

#include <sodium.h>

#include <initializer_list>
#include <string_view>

namespace balance {
namespace {

constexpr std::size_t kPoolBytes = 8;

std::string_view BytesOf(const Fingerprint& fingerprint) {
  return {reinterpret_cast<const char*>(fingerprint.data()), fingerprint.size()};
}

// Empty `key`: an unkeyed hash. Two lists of parts have different hashes only if every part but the
// last has a fixed length or an end of its own.
Fingerprint HashOf(std::string_view key, std::initializer_list<std::string_view> parts) {
  Fingerprint hash;
  crypto_generichash_state state;
  crypto_generichash_init(&state, reinterpret_cast<const unsigned char*>(key.data()), key.size(),
                          hash.size());
  for (const std::string_view part : parts) {
    crypto_generichash_update(&state, reinterpret_cast<const unsigned char*>(part.data()),
                              part.size());
  }
  crypto_generichash_final(&state, hash.data(), hash.size());
  sodium_memzero(&state, sizeof state);
  return hash;
}

std::string_view SecretOf(const SourceConfig& source) { return source.login.secret->Expose(); }

Fingerprint LoginOf(const Fingerprint& credential, const SourceConfig& source) {
  return HashOf({}, {BytesOf(credential), SecretOf(source)});
}

Fingerprint RequestOf(const Fingerprint& login, const SourceConfig& source) {
  // No URL has a space.
  return HashOf(
      {}, {BytesOf(login), source.login.base_url.ToString(), " ", source.upstream.tls_ca_file});
}

}  // namespace

bool HaveSameUpstream(const SourceConfig& a, const SourceConfig& b) {
  return a.venue == b.venue && a.login.base_url == b.login.base_url;
}

bool HaveSameLogin(const SourceConfig& a, const SourceConfig& b) {
  return a.venue == b.venue && a.login.key_id == b.login.key_id &&
         *a.login.secret == *b.login.secret;
}

bool IsComplete(const SourceConfig& source) { return source.login.secret != nullptr; }

Fingerprint CredentialFingerprint(const SourceConfig& source) {
  const std::string name = source.venue->CredentialName(source.login);
  return HashOf({}, {source.venue->Id() + ":", name.empty() ? SecretOf(source) : name});
}

Fingerprint LoginFingerprint(const SourceConfig& source) {
  return LoginOf(CredentialFingerprint(source), source);
}

Fingerprint RequestFingerprint(const SourceConfig& source) {
  return RequestOf(LoginFingerprint(source), source);
}

SourceFingerprints FingerprintsOf(const SourceConfig& source) {
  SourceFingerprints fingerprints;
  fingerprints.credential = CredentialFingerprint(source);
  fingerprints.login = LoginOf(fingerprints.credential, source);
  fingerprints.request = RequestOf(fingerprints.login, source);
  return fingerprints;
}

std::string DefaultPool(const SourceConfig& source, const Fingerprint& credential) {
  // BLAKE2b takes keys of up to 64 bytes, a secret may be longer.
  const Fingerprint key = HashOf({}, {"balance.v1 pool key:", SecretOf(source)});
  const Fingerprint pool = HashOf(BytesOf(key), {BytesOf(credential)});
  std::array<char, 2 * kPoolBytes + 1> hex;
  return std::string("pool-").append(
      sodium_bin2hex(hex.data(), hex.size(), pool.data(), kPoolBytes));
}

}  // namespace balance
