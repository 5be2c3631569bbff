#include "service/access/token_hash.h"

#include <sodium.h>

namespace balance {
namespace {

class Memory {
 public:
  Memory() { crypto_shorthash_keygen(key_.data()); }

  const Sha256& Hash(std::string_view token) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(token.data());
    Fingerprint fingerprint;
    crypto_shorthash_siphashx24(fingerprint.data(), bytes, token.size(), key_.data());
    Entry& entry = entries_[fingerprint.front() % entries_.size()];
    if (!entry.is_set || entry.fingerprint != fingerprint) {
      crypto_hash_sha256(entry.hash.data(), bytes, token.size());
      entry.fingerprint = fingerprint;
      entry.is_set = true;
    }
    return entry.hash;
  }

 private:
  using Fingerprint = std::array<std::uint8_t, crypto_shorthash_siphashx24_BYTES>;
  struct Entry {
    bool is_set = false;
    Fingerprint fingerprint{};
    Sha256 hash{};
  };

  std::array<std::uint8_t, crypto_shorthash_siphashx24_KEYBYTES> key_{};
  std::array<Entry, 64> entries_{};
};

}  // namespace

Sha256 HashOfToken(std::string_view token) {
  static thread_local Memory memory;
  return memory.Hash(token);
}

}  // namespace balance
