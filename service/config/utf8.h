#pragma once

// UTF-8. Pure.

#include <cstddef>
#include <string_view>

namespace balance {

// How many bytes at the start of `text` are complete UTF-8 characters: all of them if it is valid.
std::size_t ValidUtf8Prefix(std::string_view text);

}  // namespace balance
