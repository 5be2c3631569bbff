#pragma once

#include "tests/soak/soak_options.h"

namespace balance {

// Four replicas share the logins of two venues through a real Redis, while all of them are in
// trouble at random: the venues fail in every way, Redis is killed, frozen, full, emptied, forged
// or starts with an old copy, and one replica at a time is killed, stopped or frozen. No figure is
// told that the venue did not hold, no reading in two ways, no replica goes back, `not_before`
// holds wherever it is asked for, the rate budget of each login holds over all replicas in every
// second, and no call of a client with the published service config fails. Once the trouble is
// over, each replica is well, and one request a TTL reaches each venue. Returns whether all went
// well.
bool RunFleet(const SoakOptions& options);

}  // namespace balance
