#pragma once

// What PolySimulator's answers say about the limits of our key.

#include "clients/core/balance_source.h"
#include "clients/http/http_transport.h"

namespace balance::polysimulator {

// From `x-ratelimit-limit` (a minute), `-limit-per-second`, `-remaining`, `-remaining-per-second`
// and
// `-reset` (epoch seconds, measured against the answer's own Date), or their `x-polysim-ratelimit-`
// twins. What is missing or malformed is unset. A pause is at most a minute, the venue's longest
// window. Pure.
RateLimits ReadRateLimits(const HttpResponse& response);

}  // namespace balance::polysimulator
