#pragma once

// Timestamps of upstream replies.

#include <optional>
#include <string_view>

#include "clients/core/clock.h"

namespace balance {

// Reads an RFC 3339 date-time such as "2026-09-18T14:05:22.118340Z" or "...+02:00", with up to nine
// fractional digits. Unset on anything else, on dates that do not exist and on years that a
// WallTime cannot hold (before 1678, after 2261). A leap second counts as the second after it.
std::optional<WallTime> ParseRfc3339(std::string_view text);

}  // namespace balance
