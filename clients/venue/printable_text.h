#pragma once

#include <string>
#include <string_view>

namespace balance {

// `text` (valid UTF-8) as printable ASCII that says the same: every other character is written as
// its code point, such as \u{20ac}. So nothing can hide in it, steer a terminal, or look like
// something else, as a Cyrillic letter in a currency code would.
std::string PrintableText(std::string_view text);

}  // namespace balance
