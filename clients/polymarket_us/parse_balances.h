#pragma once

// From the body of a 200 to balances.

#include <cstddef>
#include <string_view>

#include "clients/core/result.h"
#include "clients/venue/parsed_balances.h"

namespace balance::polymarket_us {

// Most rows, which is currencies, of one reply.
inline constexpr std::size_t kMaxRows = 100;

// Reads `{"balances": [...]}`; see CurrencyBalance in balance_service.proto for what becomes of
// each field. All or nothing: fails with kReplyInvalid on anything but one complete document, an
// absent `balances`, money that is not a number (or a string that holds one), a repeated field, a
// currency with two rows, and more of anything than can be true.
//
// Absent and null amounts are unset. Fields that the venue documents without a place here go to
// other_fields; unknown ones too, with a warning. A lastUpdated that is no RFC 3339 time costs no
// money its place: change_time is unset and the text goes to other_fields. Pure and thread-safe.
Result<ParsedBalances> ParseBalances(std::string_view body);

}  // namespace balance::polymarket_us
