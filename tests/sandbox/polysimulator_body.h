#pragma once

// PolySimulator's balance as JSON, in its several schemas.

#include <string>

#include "tests/sandbox/ledger.h"
#include "tests/sandbox/switches.h"

namespace balance::sandbox {

// REQUIRES: Check(ledger) passed.
std::string BalanceBody(const PolysimLedger& ledger, const PolysimSwitches& switches);

}  // namespace balance::sandbox
