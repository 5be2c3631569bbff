#include "clients/venue/printable_text.h"

#include <array>
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
      std::array<char, 8> digits{};
      const auto code_point = static_cast<std::uint32_t>(first->code_point);
      const char* end =
          std::to_chars(digits.data(), digits.data() + digits.size(), code_point, 16).ptr;
      printable.append("\\u{").append(std::string_view(digits.data(), end)).append("}");
    }
    text.remove_prefix(first->bytes);
  }
  return printable;
}

}  // namespace balance
