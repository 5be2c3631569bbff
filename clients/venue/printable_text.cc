#include "clients/venue/printable_text.h"

#include <charconv>
#include <cstdint>

namespace balance {
namespace {

struct Character {
  std::uint32_t code_point;
  std::size_t bytes;
};

// REQUIRES: `text` begins with a whole character of UTF-8.
Character FirstOf(std::string_view text) {
  const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  std::uint32_t code_point = byte(0);
  std::size_t more = 0;
  if (code_point >= 0xF0) {
    code_point &= 0x07;
    more = 3;
  } else if (code_point >= 0xE0) {
    code_point &= 0x0F;
    more = 2;
  } else if (code_point >= 0xC0) {
    code_point &= 0x1F;
    more = 1;
  }
  for (std::size_t i = 1; i <= more; ++i) code_point = (code_point << 6) | (byte(i) & 0x3F);
  return {code_point, more + 1};
}

}  // namespace

std::string PrintableText(std::string_view text) {
  std::string printable;
  while (!text.empty()) {
    const Character first = FirstOf(text);
    if (first.code_point >= 0x20 && first.code_point < 0x7F) {
      printable += text.front();
    } else {
      char digits[8];
      const char* end = std::to_chars(digits, digits + sizeof(digits), first.code_point, 16).ptr;
      printable.append("\\u{").append(std::string_view(digits, end)).append("}");
    }
    text.remove_prefix(first.bytes);
  }
  return printable;
}

}  // namespace balance
