#pragma once

// Polymarket US's auth wall: three headers, an Ed25519 signature, a 30 s window.
//
// The signed bytes are timestamp, upper-case method and path, nothing between them; neither query
// nor body nor a proxy's prefix takes part.

#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "clients/core/clock.h"
#include "clients/core/result.h"
#include "tests/sandbox/credentials.h"
#include "tests/sandbox/http_message.h"
#include "tests/sandbox/switches.h"

namespace balance::sandbox {

enum class AuthFailure : std::uint8_t {
  kNone,
  kMissingHeaders,
  kUnknownKey,
  kBadTimestamp,
  kBadSignature,
};

struct AuthVerdict {
  AuthFailure failure = AuthFailure::kNone;
  // The key's wallet, if the key is known.
  std::string wallet;
};

// REQUIRES: sodium_init() has succeeded. Used on the sandbox's loop only.
class PolymarketAuth {
 public:
  // Fails with kInvalidInput on an empty id or a secret that is not base64 of 32 or 64 bytes.
  Result<void> AddKey(const PolymarketKey& key);

  // `path` is what the client signed: without a prefix. `now` is the server's clock.
  AuthVerdict Judge(const HttpCall& call, std::string_view path, WallTime now) const;

  static HttpReply Refusal(AuthFailure failure, AuthErrorStyle style);

 private:
  struct Registered {
    std::array<unsigned char, 32> public_key;
    std::string wallet;
  };

  std::map<std::string, Registered, std::less<>> keys_;
};

}  // namespace balance::sandbox
