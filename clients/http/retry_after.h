#pragma once

// Times in HTTP headers. Pure; libcurl's own reading of Retry-After measures dates against the
// local clock and swallows fractions.

#include <chrono>
#include <optional>
#include <string_view>

#include "clients/core/clock.h"
#include "clients/http/http_transport.h"

namespace balance {

// Longest pause that an upstream may ask for; more counts as this.
inline constexpr Duration kMaxRetryAfter = std::chrono::seconds(300);

// Time that the answer asks us to wait (Retry-After), in whole seconds rounded up: from seconds,
// fractions included, or from a date, which is measured against the answer's own Date. nullopt if
// there is no usable header: missing, malformed, negative, past, or a date without a Date.
std::optional<Duration> ParseRetryAfter(const HttpResponse& response);

// Reads an IMF-fixdate, such as "Sun, 06 Nov 1994 08:49:37 GMT"; nullopt for anything else.
std::optional<WallTime> ParseHttpDate(std::string_view text);

}  // namespace balance
