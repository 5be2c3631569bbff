#pragma once

// Polymarket US as a venue: fixed facts from its API documentation.

#include <array>
#include <string_view>

#include "clients/core/source_info.h"
#include "clients/venue/venue.h"

namespace balance::polymarket_us {

// The venue's name in texts for people.
inline constexpr std::string_view kName = "Polymarket US";

// POLYMARKET_US of balance.v1.
inline constexpr SourceKind kKind{1};

// Base URL of its production.
inline constexpr std::string_view kBaseUrl = "https://api.polymarket.us";

// Path of the balances, appended to the base URL, whose prefix is sent before it but not signed.
inline constexpr std::string_view kBalancesPath = "/v1/account/balances";

// Measures that this kind of source can report. No documented formula gives equity from this
// endpoint.
inline constexpr std::array kMeasures = {Measure::kCash, Measure::kAvailableToTrade};

// Real money at the production address; elsewhere the configuration says. A login is a key id, a
// UUID, in which upper and lower case are the same, and a secret key: base64 of the 32-byte Ed25519
// seed, or of the seed and its public key, 64 bytes. The seed twice works too, with a warning.
const Venue& TheVenue();

}  // namespace balance::polymarket_us
