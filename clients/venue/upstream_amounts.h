#pragma once

// The amounts of a venue's reply: what they are called there and where they belong.

#include <optional>
#include <span>
#include <string_view>

#include "clients/core/reading.h"
#include "clients/json/json_value.h"
#include "clients/venue/odd_fields.h"

namespace balance {

struct UpstreamAmount {
  // The venue's field; also the amount's basis, so it points to a literal.
  std::string_view name;
  OptionalAmount CurrencyBalance::*place;
  // A reply without a key amount that it sends is malformed: there is nothing to show. Any other
  // amount is only left out if it cannot be read.
  bool is_key = false;
};

// The amount called `name`; null if it is none of them.
const UpstreamAmount* FindAmount(std::span<const UpstreamAmount> amounts, std::string_view name);

// Takes the amount over into `row`: unset for null, and for what is no number, which is then named
// in `odd`. False, with nothing done, if a key amount is no number.
bool TakeOver(const UpstreamAmount& amount, const JsonValue& value, CurrencyBalance& row,
              OddFields& odd);

}  // namespace balance
