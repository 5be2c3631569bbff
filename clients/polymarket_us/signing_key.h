#pragma once

// The Ed25519 key with which a trader proves who asks. The venue verifies the signature over
// timestamp, method and path against the public key that it registered.

#include <string>
#include <string_view>

#include "clients/core/result.h"
#include "clients/core/secret.h"

namespace balance {

// Length of an Ed25519 seed, the part of a secret key that matters.
inline constexpr std::size_t kSigningSeedBytes = 32;

// Reads a secret key as Polymarket US shows it: standard base64, padded, of the 32-byte seed or of
// 64 bytes that begin with it. What follows the seed is ignored unchecked, as the venue's own SDKs
// do. White space around the text is tolerated. Gives the seed; fails with kInvalidInput on
// anything else, in words that repeat nothing of the text.
// REQUIRES: sodium_init() has succeeded.
Result<Secret> DecodeSecretKey(std::string_view base64_text);

// Immutable, movable; may sign on any thread. Keeps the expanded key in guarded memory.
class SigningKey {
 public:
  // REQUIRES: seed.size() == kSigningSeedBytes, and sodium_init() has succeeded.
  explicit SigningKey(const Secret& seed);

  // The signature of `message` in standard base64 with padding. Deterministic; cannot fail.
  std::string Sign(std::string_view message) const;

 private:
  // Seed and public key, in libsodium's layout.
  Secret expanded_;
};

}  // namespace balance
