#pragma once

// The fields of a balance reply, one after the other.

#include <vector>

#include "clients/core/reading.h"
#include "clients/core/result.h"
#include "clients/json/json_value.h"
#include "clients/venue/odd_fields.h"
#include "clients/venue/parsed_balances.h"

namespace balance::polysimulator {

// Used for one reply on one thread. Contract at ParseBalance().
class BalanceParser {
 public:
  // Called once. REQUIRES: reply.IsObject().
  Result<ParsedBalances> Parse(const JsonValue& reply);

 private:
  Result<void> ReadField(const JsonMember& field);
  Result<void> Derive();
  std::vector<Warning> WarningsOf(const std::vector<CurrencyBalance>& balances) const;

  OddFields odd_;
  CurrencyBalance balance_;
  // False in the oldest shape, whose unrealized_pnl is that of the open positions.
  bool has_total_value_ = false;
};

}  // namespace balance::polysimulator
