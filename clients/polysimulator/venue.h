#pragma once

// Fixed facts about PolySimulator as a venue, from its API documentation.

#include <array>
#include <string_view>

#include "clients/core/source_info.h"
#include "clients/http/base_url.h"

namespace balance::polysimulator {

// The venue's name in texts for people.
inline constexpr std::string_view kName = "PolySimulator";

// Follows a base URL that went through NormalizePolySimulatorUrl().
inline constexpr std::string_view kBalancePath = "/v1/account/balance";

// What this kind of source can report.
inline constexpr std::array kMeasures = {Measure::kCash, Measure::kAvailableToTrade,
                                         Measure::kEquity};

}  // namespace balance::polysimulator

namespace balance {

// Drops one trailing "/v1" of the path: the venue's documentation shows its base address both with
// and without it, and the API path brings its own.
BaseUrl NormalizePolySimulatorUrl(BaseUrl url);

}  // namespace balance
