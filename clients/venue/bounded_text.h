#pragma once

#include <cstddef>
#include <string>

namespace balance {

// The longest beginning of `text` (valid UTF-8) that has at most `limit` bytes and cuts no
// character in two.
std::string Bounded(std::string text, std::size_t limit);

}  // namespace balance
