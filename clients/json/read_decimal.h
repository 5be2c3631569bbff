#pragma once

// Money out of JSON.

#include <optional>

#include "clients/core/decimal.h"
#include "clients/json/json_value.h"

namespace balance {

// A JSON number or a string that holds one, exactly as written; unset for null. Fails with
// kReplyInvalid on every other type and on text that is not a decimal number. Pure.
Result<std::optional<Decimal>> ReadDecimal(const JsonValue& value);

}  // namespace balance
