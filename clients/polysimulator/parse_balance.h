#pragma once

// Parses the body of a 200 into balances.

#include <span>
#include <string_view>

#include "clients/core/result.h"
#include "clients/venue/parsed_balances.h"

namespace balance::polysimulator {

// Reads the one object that is the balance of an API wallet; see CurrencyBalance in
// balance_service.proto for what becomes of each field. Fails with kReplyInvalid on anything but
// one complete document, an absent or null `balance`, a `balance` or `total_value` that is neither
// a string that holds a number nor a number, and a repeated field. Any other amount that cannot be
// read is unset, with a warning that names the field.
//
// `unrealized_pnl` is total_value - starting_balance in spite of its name. The oldest shape,
// without total_value, means by it what it says: there it goes to other_fields, as do that shape's
// user_id, pnl and pnl_percent. Unknown fields go there too, with a warning. Pure and thread-safe.
// `secrets` are those that no caller may see, see ReadReply().
Result<ParsedBalances> ParseBalance(std::string_view body,
                                    std::span<const std::string_view> secrets);

}  // namespace balance::polysimulator
