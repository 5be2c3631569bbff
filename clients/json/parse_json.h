#pragma once

// Parses untrusted text into a JsonValue.

#include <cstddef>
#include <optional>
#include <string_view>

#include "clients/json/json_value.h"

namespace balance {

// Deepest nesting of arrays and objects; a balance needs 4.
inline constexpr std::size_t kMaxJsonDepth = 32;
// Most values in one document, containers included.
inline constexpr std::size_t kMaxJsonValues = 200'000;
// Most numbers beyond the range of a double, such as 1E400; each has the document read once more.
inline constexpr std::size_t kMaxHugeNumbers = 16;

// Reads exactly one complete JSON document. Unset on anything else: malformed or cut text, anything
// but white space behind it, invalid UTF-8, and a document over one of the limits. A number may be
// of any size: whether somebody can use it is not decided here. Never throws on account of `text`.
// Pure and thread-safe.
std::optional<JsonValue> ParseJson(std::string_view text);

}  // namespace balance
