#pragma once

// Parses the body of a 200 into balances.

#include <cstddef>
#include <span>
#include <string_view>

#include "clients/core/result.h"
#include "clients/venue/parsed_balances.h"

namespace balance::polymarket_us {

// Most rows, each of one currency, in one reply.
inline constexpr std::size_t kMaxRows = 100;

// Reads `{"balances": [...]}`; see CurrencyBalance in balance_service.proto for what becomes of
// each field. Fails with kReplyInvalid on anything but one complete document, an absent
// `balances`, a row that is no object, a currentBalance or buyingPower that is not a number (or a
// string that holds one), a repeated field, a currency with two rows, and more rows than can be
// true.
//
// Absent and null amounts are unset. So is any other amount that cannot be read, and withdrawals
// that are none or more than can be true, with a warning that names the field. Fields that the
// venue documents without a place here go to other_fields; unknown ones too, with a warning. A
// lastUpdated that is no RFC 3339 time costs no money its place: change_time is unset and the text
// goes to other_fields. Pure and thread-safe. `secrets` are those that no caller may see, see
// ReadReply().
Result<ParsedBalances> ParseBalances(std::string_view body,
                                     std::span<const std::string_view> secrets);

}  // namespace balance::polymarket_us
