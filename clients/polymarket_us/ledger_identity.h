#pragma once

// The venue's own formula for buying power: a check of the reply, never a source of figures.

#include "clients/core/reading.h"

namespace balance::polymarket_us {

// False if buyingPower is not currentBalance + assetAvailable - openOrders - marginRequirement.
// True also if one of them was not reported. The reservation is not part of it.
bool KeepsLedgerIdentity(const CurrencyBalance& balance);

}  // namespace balance::polymarket_us
