#include "clients/json/read_decimal.h"

namespace balance {

Result<std::optional<Decimal>> ReadDecimal(const JsonValue& value) {
  if (value.IsNull()) return std::nullopt;
  if (value.type == JsonValue::Type::kNumber || value.IsString()) {
    if (auto number = Decimal::Parse(value.text)) return *number;
  }
  return Fail(ErrorKind::kReplyInvalid, "not an amount");
}

}  // namespace balance
