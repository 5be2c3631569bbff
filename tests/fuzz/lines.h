#pragma once

// Inputs of several texts, one a line, so that seeds can be read and written by hand. Pure.

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace balance::fuzz {

inline std::string_view AsText(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

// Removes and returns what stands before the first '\n', or all of it.
std::string_view TakeLine(std::string_view& text);

}  // namespace balance::fuzz
