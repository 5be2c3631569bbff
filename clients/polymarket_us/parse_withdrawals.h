#pragma once

// Withdrawals under way, as Polymarket US lists them in a balance.

#include <cstddef>
#include <vector>

#include "clients/core/reading.h"
#include "clients/core/result.h"
#include "clients/json/json_value.h"
#include "clients/venue/unmapped_fields.h"

namespace balance::polymarket_us {

// Most withdrawals of one balance; more make the reply malformed.
inline constexpr std::size_t kMaxWithdrawals = 10'000;
// Longest text of a withdrawal, in bytes; a longer one is shortened.
inline constexpr std::size_t kMaxWithdrawalText = 1024;

// Reads the value of `pendingWithdrawals`: an array of objects, or null for none. The amount is
// read as money is everywhere. Anything else that has an unexpected type, a time that is no
// RFC 3339 and fields without a place here are left out and named in `unmapped`. Pure otherwise.
Result<std::vector<PendingWithdrawal>> ParseWithdrawals(const JsonValue& value,
                                                        UnmappedFields& unmapped);

}  // namespace balance::polymarket_us
