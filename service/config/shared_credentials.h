#pragma once

// Rules between sources: what follows from sharing a credential or a pool.

#include "service/config/config_document.h"

namespace balance {

// Gives each source without a pool its default one: the pool that another source with the same
// credential states, else an opaque one, `pool-` and a hash of the full name of the first source
// with that credential. That is the same wherever the configuration is, and tells callers neither
// names nor keys. Sources with one credential must agree on its rate, sources of one pool on the
// fund class: an issue otherwise. `config` has an entry for each one of the document's message, in
// the same order.
void ApplySharedCredentials(Config& config, ConfigDocument& document);

}  // namespace balance
