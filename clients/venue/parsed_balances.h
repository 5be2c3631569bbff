#pragma once

// The result of a venue's parser: balances and warnings from the body of a 200.

#include <string_view>
#include <vector>

#include "clients/core/reading.h"
#include "clients/core/result.h"

namespace balance {

struct ParsedBalances {
  // Rows in the upstream's order. Empty if the source holds nothing.
  std::vector<CurrencyBalance> balances;
  std::vector<Warning> warnings;
};

// The kReplyInvalid error of a 200 that cannot be read as a balance. `what` completes the sentence
// "<venue> answered 200, but ..." and is a literal, never upstream text.
tl::unexpected<Error> MalformedReply(std::string_view venue, std::string_view what);

// Adds CURRENCY_MISSING and CURRENCY_UNRECOGNIZED, each only if a row gives reason for it.
void AddCurrencyWarnings(const std::vector<CurrencyBalance>& balances,
                         std::vector<Warning>& warnings);

}  // namespace balance
