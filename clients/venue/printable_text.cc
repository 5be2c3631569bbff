#include "clients/venue/printable_text.h"

#include <charconv>
#include <cstdint>

#include "clients/core/utf8.h"

namespace balance {

std::string PrintableText(std::string_view text) {
  std::string printable;
  while (const auto first = FirstUtf8Character(text)) {
    if (first->code_point >= 0x20 && first->code_point < 0x7F) {
      printable += text.front();
    } else {
      char digits[8];
      const auto code_point = static_cast<std::uint32_t>(first->code_point);
      const char* end = std::to_chars(digits, digits + sizeof(digits), code_point, 16).ptr;
      printable.append("\\u{").append(std::string_view(digits, end)).append("}");
    }
    text.remove_prefix(first->bytes);
  }
  return printable;
}

}  // namespace balance
