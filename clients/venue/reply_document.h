#pragma once

// The body of a 200 as a document whose texts may reach callers.

#include <optional>
#include <span>
#include <string_view>

#include "clients/json/json_value.h"

namespace balance {

// Reads `body`, which must be one complete JSON object; unset if it is not.
//
// An upstream may echo what it was sent. So every name, text and number of the document that holds
// one of `secrets` (see HoldsSecret()) is replaced by kSecretMask before a parser sees it, and
// before anything is cut to length, which would leave the beginning of a secret that can no longer
// be found. Pure and thread-safe.
std::optional<JsonValue> ReadReply(std::string_view body,
                                   std::span<const std::string_view> secrets);

}  // namespace balance
