#pragma once

// What YAML takes for no value. Pure.

#include <string_view>

namespace balance {

// Whether a plain scalar with this text is null.
constexpr bool IsYamlNull(std::string_view text) {
  return text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL";
}

}  // namespace balance
