#include "service/config/number_text.h"

#include <array>
#include <charconv>
#include <system_error>

namespace balance {

std::string PrintNumber(double number) {
  std::array<char, 32> buffer;
  char* const limit = buffer.data() + buffer.size();
  // Without an exponent, for people; the configured numbers are neither huge nor tiny.
  auto printed = std::to_chars(buffer.data(), limit, number, std::chars_format::fixed);
  if (printed.ec != std::errc()) printed = std::to_chars(buffer.data(), limit, number);
  return {buffer.data(), printed.ptr};
}

}  // namespace balance
