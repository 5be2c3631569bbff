#pragma once

// One element of `balances`.

#include "clients/core/reading.h"
#include "clients/core/result.h"
#include "clients/json/json_value.h"
#include "clients/venue/unmapped_fields.h"

namespace balance::polymarket_us {

// Used for one row on one thread. Contract at ParseBalances().
class RowParser {
 public:
  // Fields without a place are reported to `unmapped`, which must outlive the parser.
  explicit RowParser(UnmappedFields& unmapped) : unmapped_(unmapped) {}

  // Called once.
  Result<CurrencyBalance> Parse(const JsonValue& row);

 private:
  Result<void> ReadField(const JsonMember& field);
  Result<void> ReadCurrency(const JsonValue& value);
  Result<void> ReadWithdrawals(const JsonValue& value);
  void ReadLastUpdated(const JsonMember& field);

  UnmappedFields& unmapped_;
  CurrencyBalance balance_;
};

}  // namespace balance::polymarket_us
