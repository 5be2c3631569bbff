#include "service/config/number_text.h"

#include <array>
#include <charconv>

namespace balance {

std::string PrintNumber(double number) {
  std::array<char, 32> buffer;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number).ptr;
  return {buffer.data(), end};
}

}  // namespace balance
