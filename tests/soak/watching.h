#pragma once

#include "tests/soak/soak_options.h"

namespace balance {

// Clients watch two accounts, one of which comes and goes with reloads, while both upstreams fail
// in every way. Whatever a stream tells must have been true, nothing goes back, `skipped` adds up,
// and once the trouble is over every client shows what the upstreams hold. Readers beside them are
// answered from the cache, so that the clients alone keep it fresh. Returns whether all went well.
bool RunWatching(const SoakOptions& options);

}  // namespace balance
