#pragma once

// Seals what lies in Redis: XChaCha20-Poly1305 with the name of the Redis key as additional data. A
// value that was changed, cut, or moved to another key does not open.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "clients/core/secret.h"

namespace balance {

// Why a sealed value is not taken. Each is an alarm and a miss.
enum class SealFault : std::uint8_t {
  // Too short, or sealed in a format of another release.
  kUnknownFormat,
  // Sealed by another key, or changed, cut or moved since.
  kNotOpened,
};

struct Opened {
  // Unset exactly if there is a fault.
  std::optional<std::string> plain;
  SealFault fault = SealFault::kUnknownFormat;
};

// Thread-safe. REQUIRES: sodium_init() has succeeded.
class Seal {
 public:
  static constexpr std::size_t kKeyBytes = 32;

  // Both keys have kKeyBytes bytes. `previous` only opens, while `key` replaces it; it may be null.
  // To replace a key without alarms, have all replicas know the new one as `previous` first.
  explicit Seal(std::shared_ptr<const Secret> key,
                std::shared_ptr<const Secret> previous = nullptr);

  // `plain` as the value of the Redis key `name`, each time under a new random nonce.
  std::string Close(std::string_view name, std::string_view plain) const;

  // What Close() was given for the same name.
  Opened Open(std::string_view name, std::string_view sealed) const;

 private:
  const std::shared_ptr<const Secret> key_;
  const std::shared_ptr<const Secret> previous_;
};

}  // namespace balance
