#pragma once

// UTF-8 by the rules of Unicode: no overlong form, no surrogate, nothing beyond U+10FFFF. Pure.

#include <cstddef>
#include <optional>
#include <string_view>

namespace balance {

struct Utf8Character {
  char32_t code_point;
  // Its length in the text.
  std::size_t bytes;
};

// The character at the start of `text`; unset if no whole and well-formed one begins there.
std::optional<Utf8Character> FirstUtf8Character(std::string_view text);

// How many bytes at the start of `text` are whole characters: all of them if it is valid.
std::size_t ValidUtf8Prefix(std::string_view text);

// The longest beginning of `text` (valid UTF-8) that has at most `limit` bytes and cuts no
// character in two.
std::string_view Utf8Prefix(std::string_view text, std::size_t limit);

// The number of characters in `text` (valid UTF-8).
std::size_t CountUtf8Characters(std::string_view text);

}  // namespace balance
