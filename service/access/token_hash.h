#pragma once

// SHA-256 of tokens, for callers that show the same one again and again.

#include <array>
#include <cstdint>
#include <string_view>

namespace balance {

using Sha256 = std::array<std::uint8_t, 32>;

// The SHA-256 of `token`, the same that crypto_hash_sha256() computes. To compute it takes longer
// than the rest of a cached read, so each thread remembers the hashes of some tokens by a keyed
// fingerprint (SipHash-2-4 of 128 bits, with a key made by the thread). No token is kept, and
// without the key nobody finds two tokens of one fingerprint. Thread-safe. REQUIRES: sodium_init()
// has succeeded.
Sha256 HashOfToken(std::string_view token);

}  // namespace balance
