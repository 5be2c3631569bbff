#pragma once

// Style sheet and script of the status page, which stand in the page itself.

#include <string_view>

namespace balance {

extern const std::string_view kStatusStyle;
extern const std::string_view kStatusScript;

}  // namespace balance
