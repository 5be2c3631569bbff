#pragma once

// Small text codings over libsodium and the standard library.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "clients/core/clock.h"

namespace balance::sandbox {

// `bytes` random bytes in lower-case hexadecimal. REQUIRES: sodium_init() has succeeded.
std::string RandomHex(std::size_t bytes);

// Standard alphabet, padded.
std::string Base64(std::span<const unsigned char> bytes);
// Nullopt on nothing, and on anything but the standard alphabet with correct padding.
std::optional<std::vector<unsigned char>> FromBase64(std::string_view text);

// "2026-09-18T14:05:22.118340Z": RFC 3339, UTC, microseconds.
std::string Rfc3339(WallTime time);
// "Fri, 18 Sep 2026 14:05:22 GMT", for HTTP headers.
std::string HttpDate(WallTime time);

// `text` as a JSON string, quotes included.
std::string Quoted(std::string_view text);

}  // namespace balance::sandbox
