#include "tests/fuzz/lines.h"

#include <algorithm>

namespace balance::fuzz {

std::string_view TakeLine(std::string_view& text) {
  const auto end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

}  // namespace balance::fuzz
