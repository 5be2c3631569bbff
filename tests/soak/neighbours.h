#pragma once

// The mode in which logins of one venue are neighbours: some are well, some are in trouble all the
// time, and nobody is to notice another's. Meanwhile the venues send an answer too many now and
// then, money flickers to zero, the configuration is reloaded every 20 s, and callers ask about
// everything and leave.

#include "tests/soak/soak_options.h"

namespace balance {

// Lasts as long as the options say and prints what it saw. Whether all went well.
bool RunNeighbours(const SoakOptions& options);

}  // namespace balance
