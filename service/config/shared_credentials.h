#pragma once

// Rules between sources: what follows from sharing a credential or a pool.

#include "service/config/config.h"
#include "service/config/config_document.h"

namespace balance {

// Gives each source without a pool its default one: the pool that another source with the same
// credential states, else DefaultPool(). Adds an issue where money would be counted twice, or one
// pool's total would jump between two balances:
//   - sources with one credential must agree on its secret, its rate, and its pool if several state
//     one;
//   - sources of one pool must agree on the fund class, the venue and its address.
// `config` has an entry for each one of the document's message, in the same order.
void ApplySharedCredentials(Config& config, ConfigDocument& document);

}  // namespace balance
