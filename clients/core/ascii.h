#pragma once

// Tests and changes of ASCII text, whatever the locale: bytes above 127 are no letters, digits or
// blanks.

#include <string>
#include <string_view>

namespace balance {

constexpr bool IsAsciiDigit(char c) { return c >= '0' && c <= '9'; }
constexpr bool IsAsciiLower(char c) { return c >= 'a' && c <= 'z'; }
constexpr bool IsAsciiUpper(char c) { return c >= 'A' && c <= 'Z'; }
constexpr bool IsAsciiAlphanumeric(char c) {
  return IsAsciiDigit(c) || IsAsciiLower(c) || IsAsciiUpper(c);
}
// A letter, digit or sign; no blank and no control character.
constexpr bool IsAsciiVisible(char c) { return c > ' ' && c <= '~'; }
constexpr bool IsAsciiPrintable(char c) { return c == ' ' || IsAsciiVisible(c); }

// Whether `text` is not empty and consists of digits only.
bool IsAsciiNumber(std::string_view text);

// Whether `text` is not empty and consists of visible characters only. A key or id that is not
// could, as the value of an HTTP header, smuggle in a header of its own.
bool IsAsciiWord(std::string_view text);

// `c` and `text` with A-Z in lower case.
constexpr char ToAsciiLower(char c) {
  return IsAsciiUpper(c) ? static_cast<char>(c - 'A' + 'a') : c;
}
std::string ToAsciiLower(std::string_view text);

// `text` with a-z in upper case.
std::string ToAsciiUpper(std::string_view text);

// Whether both are the same but for the case of letters.
bool EqualIgnoringAsciiCase(std::string_view a, std::string_view b);

// `text` without the spaces, tabs and line ends around it.
std::string_view TrimAscii(std::string_view text);

}  // namespace balance
