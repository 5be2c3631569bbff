#include "service/config/source_login.h"

#include <sodium.h>

#include <initializer_list>
#include <string_view>
#include <type_traits>
#include <variant>

#include "clients/core/ascii.h"

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

std::string_view SecretOf(const PolymarketUsLogin& login) { return login.seed->Expose(); }
std::string_view SecretOf(const PolySimulatorLogin& login) { return login.api_key->Expose(); }

std::string_view SecretOf(const SourceConfig& source) {
  return std::visit([](const auto& login) { return SecretOf(login); }, source.login);
}

bool IsComplete(const PolymarketUsLogin& login) { return !login.key_id.empty() && login.seed; }
bool IsComplete(const PolySimulatorLogin& login) { return login.api_key != nullptr; }

Fingerprint CredentialOf(const PolymarketUsLogin& login) {
  return HashOf({}, {"polymarket-us:", ToAsciiLower(login.key_id)});
}
Fingerprint CredentialOf(const PolySimulatorLogin& login) {
  return HashOf({}, {"polysimulator:", SecretOf(login)});
}

bool AreSame(const PolymarketUsLogin& a, const PolymarketUsLogin& b) {
  return a.key_id == b.key_id && *a.seed == *b.seed;
}
bool AreSame(const PolySimulatorLogin& a, const PolySimulatorLogin& b) {
  return *a.api_key == *b.api_key;
}

}  // namespace

const BaseUrl& BaseUrlOf(const SourceConfig& source) {
  return std::visit([](const auto& login) -> const BaseUrl& { return login.base_url; },
                    source.login);
}

bool HaveSameUpstream(const SourceConfig& a, const SourceConfig& b) {
  return a.login.index() == b.login.index() && BaseUrlOf(a) == BaseUrlOf(b);
}

bool HaveSameLogin(const SourceConfig& a, const SourceConfig& b) {
  if (a.login.index() != b.login.index()) return false;
  return std::visit(
      [&b](const auto& login) {
        return AreSame(login, std::get<std::decay_t<decltype(login)>>(b.login));
      },
      a.login);
}

bool IsComplete(const SourceConfig& source) {
  return std::visit([](const auto& login) { return IsComplete(login); }, source.login);
}

Fingerprint CredentialFingerprint(const SourceConfig& source) {
  return std::visit([](const auto& login) { return CredentialOf(login); }, source.login);
}

Fingerprint LoginFingerprint(const SourceConfig& source) {
  return HashOf({}, {BytesOf(CredentialFingerprint(source)), SecretOf(source)});
}

std::string DefaultPool(const SourceConfig& source) {
  // BLAKE2b takes keys of up to 64 bytes, a secret may be longer.
  const Fingerprint key = HashOf({}, {"balance.v1 pool key:", SecretOf(source)});
  const Fingerprint pool = HashOf(BytesOf(key), {BytesOf(CredentialFingerprint(source))});
  std::array<char, 2 * kPoolBytes + 1> hex;
  return std::string("pool-").append(
      sodium_bin2hex(hex.data(), hex.size(), pool.data(), kPoolBytes));
}

}  // namespace balance
