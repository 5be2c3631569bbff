#pragma once

// Polymarket US's balances as JSON, in the manner of protojson with unpopulated fields emitted.

#include <string>

#include "tests/sandbox/ledger.h"
#include "tests/sandbox/switches.h"

namespace balance::sandbox {

// One element of `balances`. REQUIRES: Check() of a ledger with the row passed.
std::string BalanceRow(const PolymarketRow& row, const PolymarketSwitches& switches);

// Amounts appear as the ledger's text. REQUIRES: Check(ledger) passed.
std::string BalancesBody(const PolymarketLedger& ledger, const PolymarketSwitches& switches);

}  // namespace balance::sandbox
