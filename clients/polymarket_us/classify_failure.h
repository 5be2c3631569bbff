#pragma once

// Turns an answer other than a 200 into an Error. The venue documents 401 and 500 without a body;
// the other cases were observed.

#include <span>
#include <string_view>

#include "clients/core/clock.h"
#include "clients/core/error.h"
#include "clients/http/http_transport.h"

namespace balance::polymarket_us {

// The venue accepts timestamps this far from its own clock, either way.
inline constexpr Duration kClockTolerance = std::chrono::seconds(30);

// REQUIRES: response.status != 200.
//
// A 401 is our clock's fault (kClockSkew) if its text complains about the timestamp, or if its Date
// is further from the time of the exchange, `sent` to `received`, than the venue tolerates. Of a
// JSON object the text is what its message, error and detail say.
// `secrets` are masked in the log's detail. Pure; never throws on account of the response.
Error ClassifyFailure(const HttpResponse& response, WallTime sent, WallTime received,
                      std::span<const std::string_view> secrets);

}  // namespace balance::polymarket_us
