#pragma once

// PolySimulator as a venue: fixed facts from its API documentation.

#include <array>
#include <string_view>

#include "clients/core/source_info.h"
#include "clients/http/base_url.h"
#include "clients/venue/venue.h"

namespace balance::polysimulator {

// The venue's name in texts for people.
inline constexpr std::string_view kName = "PolySimulator";

// POLYSIMULATOR of balance.v1.
inline constexpr SourceKind kKind{2};

// Base URL of its production.
inline constexpr std::string_view kBaseUrl = "https://api.polysimulator.com";

// Path of the balance, appended to a base URL that went through NormalizePolySimulatorUrl().
inline constexpr std::string_view kBalancePath = "/v1/account/balance";

// Measures that this kind of source can report.
inline constexpr std::array kMeasures = {Measure::kCash, Measure::kAvailableToTrade,
                                         Measure::kEquity};

// Simulated money everywhere. A login is an API key, `ps_live_...`, which is all that there is of a
// credential.
const Venue& TheVenue();

}  // namespace balance::polysimulator

namespace balance {

// Drops one trailing "/v1" of the path: the venue's documentation shows its base address both with
// and without it, and the API path brings its own.
BaseUrl NormalizePolySimulatorUrl(BaseUrl url);

}  // namespace balance
