#pragma once

// Reads amounts of money from JSON.

#include <optional>

#include "clients/core/decimal.h"
#include "clients/json/json_value.h"

namespace balance {

// Returns the value of a JSON number, or of a string that holds one, exactly as written; unset for
// null. Fails with kReplyInvalid on every other type and on text that is not a decimal number.
// Pure.
Result<std::optional<Decimal>> ReadDecimal(const JsonValue& value);

}  // namespace balance
