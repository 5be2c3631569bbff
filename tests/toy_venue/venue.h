#pragma once

// A venue that exists in tests only, added as docs/adding-a-venue.md says: it has three parts of a
// login where the others have one or two, and a rate of its own.

#include <string_view>

#include "clients/venue/venue.h"

namespace balance::toy {

inline constexpr std::string_view kName = "Toy Exchange";

// One of the numbers that balance.v1 keeps for tests.
inline constexpr SourceKind kKind{1000};

// Follows the base URL.
inline constexpr std::string_view kFundsPath = "/api/funds";

// What separates the two parts of Login::secret, the token and the passphrase, which have no space.
inline constexpr char kSecretSeparator = ' ';

// Simulated money everywhere. A login is the name of an account with its token and passphrase.
const Venue& TheVenue();

}  // namespace balance::toy
