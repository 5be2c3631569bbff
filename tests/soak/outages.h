#pragma once

// The mode in which both upstreams fail in every way, for everybody: one account, many readers with
// every read policy.

#include "tests/soak/soak_options.h"

namespace balance {

// Lasts as long as the options say and prints what it saw. Whether all went well.
bool RunOutages(const SoakOptions& options);

}  // namespace balance
