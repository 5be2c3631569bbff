#pragma once

// Lists in sentences. Pure.

#include <string>
#include <string_view>
#include <vector>

namespace balance {

// "a", "a or b", "a, b or c" with "or" as `conjunction`.
std::string JoinWords(const std::vector<std::string>& words, std::string_view conjunction);

}  // namespace balance
