#pragma once

// Reads the limits of our key from PolySimulator's answers.

#include "clients/core/balance_source.h"
#include "clients/http/http_transport.h"

namespace balance::polysimulator {

// Reads `x-ratelimit-limit` (a minute), `-limit-per-second`, `-remaining`, `-remaining-per-second`
// and `-reset` (epoch seconds, measured against the answer's own Date), or their
// `x-polysim-ratelimit-` twins. A value that is missing or malformed is unset. A pause is at most a
// minute, the venue's longest window. Pure.
RateLimits ReadRateLimits(const HttpResponse& response);

}  // namespace balance::polysimulator
