#pragma once

// Fixed facts about Polymarket US as a venue, from its API documentation.

#include <array>
#include <string_view>

#include "clients/core/source_info.h"

namespace balance::polymarket_us {

// The venue's name in texts for people.
inline constexpr std::string_view kName = "Polymarket US";

// Follows the base URL, whose prefix is sent before it; signed without that prefix.
inline constexpr std::string_view kBalancesPath = "/v1/account/balances";

// What this kind of source can report. No documented formula gives equity from this endpoint.
inline constexpr std::array kMeasures = {Measure::kCash, Measure::kAvailableToTrade};

}  // namespace balance::polymarket_us
