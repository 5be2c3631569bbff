#pragma once

// Text in HTML.

#include <string>
#include <string_view>

namespace balance {

// `text` as it has to stand between tags and in quoted attributes, whatever it holds: it can end
// neither. Control characters and bytes that are no UTF-8 become U+FFFD.
std::string EscapeHtml(std::string_view text);

}  // namespace balance
