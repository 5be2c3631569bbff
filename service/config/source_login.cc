#include "service/config/source_login.h"

#include <sodium.h>

#include <initializer_list>
#include <string_view>
#include <variant>

namespace balance {
namespace {

constexpr std::size_t kPoolBytes = 8;

std::string LowerCase(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

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

std::string_view SecretOf(const SourceConfig& source) {
  const auto* polymarket = std::get_if<PolymarketUsLogin>(&source.login);
  return polymarket ? polymarket->seed->Expose()
                    : std::get<PolySimulatorLogin>(source.login).api_key->Expose();
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
  if (const auto* mine = std::get_if<PolymarketUsLogin>(&a.login)) {
    const auto& other = std::get<PolymarketUsLogin>(b.login);
    return mine->key_id == other.key_id && *mine->seed == *other.seed;
  }
  return *std::get<PolySimulatorLogin>(a.login).api_key ==
         *std::get<PolySimulatorLogin>(b.login).api_key;
}

bool IsComplete(const SourceConfig& source) {
  const auto* polymarket = std::get_if<PolymarketUsLogin>(&source.login);
  return polymarket ? !polymarket->key_id.empty() && polymarket->seed != nullptr
                    : std::get<PolySimulatorLogin>(source.login).api_key != nullptr;
}

Fingerprint CredentialFingerprint(const SourceConfig& source) {
  const auto* polymarket = std::get_if<PolymarketUsLogin>(&source.login);
  if (polymarket) return HashOf({}, {"polymarket-us:", LowerCase(polymarket->key_id)});
  return HashOf({}, {"polysimulator:", SecretOf(source)});
}

Fingerprint LoginFingerprint(const SourceConfig& source) {
  const Fingerprint credential = CredentialFingerprint(source);
  if (std::holds_alternative<PolySimulatorLogin>(source.login)) return credential;
  return HashOf({}, {BytesOf(credential), SecretOf(source)});
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
