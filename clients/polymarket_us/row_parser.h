#pragma once

// One element of `balances`.

#include "clients/core/reading.h"
#include "clients/core/result.h"
#include "clients/json/json_value.h"
#include "clients/venue/odd_fields.h"

namespace balance::polymarket_us {

// Used for one row on one thread. Contract at ParseBalances().
class RowParser {
 public:
  // Fields that cannot be taken over are reported to `odd`, which must outlive the parser.
  explicit RowParser(OddFields& odd) : odd_(odd) {}

  // Called once.
  Result<CurrencyBalance> Parse(const JsonValue& row);

 private:
  Result<void> ReadField(const JsonMember& field);
  void ReadLastUpdated(const JsonMember& field);

  OddFields& odd_;
  CurrencyBalance balance_;
};

}  // namespace balance::polymarket_us
