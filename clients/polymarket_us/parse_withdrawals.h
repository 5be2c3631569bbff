#pragma once

// Withdrawals under way, as Polymarket US lists them in a balance.

#include <cstddef>
#include <string_view>

#include "clients/core/reading.h"
#include "clients/core/result.h"
#include "clients/json/json_value.h"
#include "clients/venue/odd_fields.h"

namespace balance::polymarket_us {

// The name of the field.
inline constexpr std::string_view kPendingWithdrawals = "pendingWithdrawals";
// Most withdrawals of one balance; more are taken for none that can be read.
inline constexpr std::size_t kMaxWithdrawals = 10'000;
// Longest text of a withdrawal, in bytes; a longer one is shortened.
inline constexpr std::size_t kMaxWithdrawalText = 1024;

// Reads the value of `pendingWithdrawals` into `row`: an array of objects, or null, which reports
// nothing, like no such field. Whatever cannot be read is left out and named in `odd`: the list if
// it is none or too long, a withdrawal that is no object, an amount that is no number, a time that
// is no RFC 3339. So are fields without a place here. They are reported only if none of them is
// left out. Fails with kReplyInvalid on a repeated field only.
Result<void> ParseWithdrawals(const JsonValue& value, CurrencyBalance& row, OddFields& odd);

}  // namespace balance::polymarket_us
