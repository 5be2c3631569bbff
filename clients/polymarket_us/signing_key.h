#pragma once

// The Ed25519 key with which a trader proves who asks. The venue verifies the signature over
// timestamp, method and path against the public key that it registered.

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "clients/core/result.h"
#include "clients/core/secret.h"
#include "clients/venue/login.h"

namespace balance {

// Length of an Ed25519 seed, the part of a secret key that matters.
inline constexpr std::size_t kSigningSeedBytes = 32;

struct SecretKey {
  // The seed, kSigningSeedBytes long.
  std::shared_ptr<const Secret> seed;
  // Seed and public key in libsodium's layout, if the public key was derived to compare it.
  std::optional<Secret> expanded;
  // True if the 64 bytes were the seed twice, instead of the seed and its public key: a form that
  // the tests of the venue's SDKs use, and that signs as well, but not the one that the venue
  // shows.
  bool repeats_seed = false;
};

// Reads a secret key as Polymarket US shows it: standard base64, padded, of the 32-byte seed, of
// the seed and its public key, or of the seed twice. White space around the text is tolerated.
// Fails with kInvalidInput on anything else, in words that repeat nothing of the text and can stand
// behind the name of a field: 64 bytes of which the second half does not belong to the first are
// more likely two halves of different keys than a key, although the venue's SDKs do not look.
// REQUIRES: sodium_init() has succeeded.
Result<SecretKey> DecodeSecretKey(std::string_view base64_text);

// May sign on any thread. A signature needs the public key, which takes as long to derive as a
// signature to make; that is done once, by Prepare() or by the first Sign(). Keeps the key in
// guarded memory.
class SigningKey final : public LoginKey {
 public:
  // REQUIRES: seed->size() == kSigningSeedBytes, and sodium_init() has succeeded.
  explicit SigningKey(std::shared_ptr<const Secret> seed)
      : SigningKey(SecretKey{std::move(seed), std::nullopt}) {}
  explicit SigningKey(SecretKey key);

  // The signature of `message` in standard base64 with padding. Deterministic; cannot fail.
  std::string Sign(std::string_view message) const;

  void Prepare() const override;

 private:
  mutable std::once_flag is_expanded_;
  mutable SecretKey key_;
};

// The key of a login at Polymarket US, which is complete.
std::shared_ptr<const SigningKey> SigningKeyOf(const Login& login);

}  // namespace balance
