#include "clients/redis/login_names.h"

#include <sodium.h>

#include <array>
#include <initializer_list>

#include "clients/redis/reading_codec.h"

namespace balance {
namespace {

using Hash = std::array<unsigned char, 32>;
// A part of a hash in a name: among 2^32 logins two have the same with a probability below 2^-64.
constexpr std::size_t kNameBytes = 16;

const unsigned char* Unsigned(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string_view Text(const Hash& hash) {
  return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}

// Each part goes in behind its size, so no two lists of parts are hashed alike.
Hash HashOf(std::string_view key, std::initializer_list<std::string_view> parts) {
  Hash hash;
  crypto_generichash_state state;
  crypto_generichash_init(&state, Unsigned(key), key.size(), hash.size());
  for (const std::string_view part : parts) {
    const std::string size = std::to_string(part.size()) + ":";
    crypto_generichash_update(&state, Unsigned(size), size.size());
    crypto_generichash_update(&state, Unsigned(part), part.size());
  }
  crypto_generichash_final(&state, hash.data(), hash.size());
  sodium_memzero(&state, sizeof state);
  return hash;
}

// Hash of the parts, keyed by the secret: nobody without it can confirm a guess. BLAKE2b takes keys
// of up to 64 bytes, a secret may be longer.
Hash HashBySecret(const Secret& secret, std::initializer_list<std::string_view> parts) {
  const Hash key = HashOf({}, {"balance.store secret", secret.Expose()});
  return HashOf(Text(key), parts);
}

std::string Hex(const Hash& hash) {
  std::array<char, 2 * kNameBytes + 1> hex;
  return sodium_bin2hex(hex.data(), hex.size(), hash.data(), kNameBytes);
}

Hash LoginHash(const LoginIdentity& login) {
  const std::string schema = std::to_string(kStoreSchemaVersion);
  if (login.key_id.empty()) {
    return HashBySecret(login.secret, {"login", schema, login.kind, login.base_url});
  }
  return HashOf({}, {"balance.store login", schema, login.kind, login.base_url, login.key_id});
}

Hash CredentialHash(const LoginIdentity& login) {
  if (login.key_id.empty()) return HashBySecret(login.secret, {"credential", login.kind});
  return HashOf({}, {"balance.store credential", login.kind, login.key_id});
}

}  // namespace

LoginNames NamesOf(const LoginIdentity& login) {
  const std::string id = Hex(LoginHash(login));
  const std::string prefix = "bal:{" + id + "}:";
  return {
      prefix + "reading",
      prefix + "lease",
      "bal:{" + Hex(CredentialHash(login)) + "}:bucket",
      prefix + "pause",
      prefix + "hold_off:" + Hex(HashBySecret(login.secret, {"hold_off", id})),
      prefix + "channel",
  };
}

}  // namespace balance
