#pragma once

// The logins that the sandbox knows. Plain values; their secrets guard invented money only.

#include <cstdint>
#include <string>

namespace balance::sandbox {

struct PolymarketKey {
  // A UUID by custom; any printable text will do.
  std::string key_id;
  // Standard base64 of a 32-byte Ed25519 seed, or of 64 bytes that begin with one.
  std::string secret_key;
  std::string wallet = "main";
};

enum class KeyState : std::uint8_t { kActive, kExpired, kDeactivated, kForbidden };

struct PolysimKey {
  // "ps_live_" and 64 hexadecimal digits by custom.
  std::string api_key;
  // Several keys may name one wallet: one user's keys share one balance.
  std::string wallet = "main";
  KeyState state = KeyState::kActive;
};

// Fresh random logins. REQUIRES: sodium_init() has succeeded.
PolymarketKey GeneratePolymarketKey();
PolysimKey GeneratePolysimKey();

}  // namespace balance::sandbox
