#pragma once

// Replies of the venues beyond those of the unit tests.

#include <string>

namespace balance::bench {

inline constexpr int kManyWithdrawals = 400;

// A Polymarket US reply with all documented fields and `count` pending withdrawals.
std::string PolymarketReplyWithWithdrawals(int count);

}  // namespace balance::bench
