#pragma once

#include <string>
#include <string_view>

namespace balance {

// `text` with A-Z in lower case, whatever the locale.
std::string AsciiLower(std::string_view text);

// `text` with a-z in upper case, whatever the locale.
std::string AsciiUpper(std::string_view text);

// `text` without the spaces, tabs and line ends around it.
std::string_view AsciiTrim(std::string_view text);

// True if a key or id can be sent as an HTTP header's value: not empty, printable ASCII, no spaces.
// What is refused here could smuggle in a header of its own.
bool IsHeaderSafe(std::string_view text);

}  // namespace balance
