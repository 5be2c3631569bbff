#pragma once

// Placeholders, which stand in a configuration until somebody fills them in. Pure.

#include <string_view>

namespace balance {

inline constexpr const char* kPlaceholderProblem = "is a placeholder that nobody has filled in";

// Whether `text` is a reference to a variable, as shells and templates write it ($NAME, ${NAME},
// {{NAME}}), or the mask that --print-config shows in place of a secret. Nothing fills them in
// here, and no key of a venue looks like one.
constexpr bool IsPlaceholder(std::string_view text) {
  return text.starts_with('$') || (text.starts_with("{{") && text.ends_with("}}")) || text == "***";
}

}  // namespace balance
