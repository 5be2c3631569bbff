#include "service/config/join_words.h"

#include <cstddef>

namespace balance {

std::string JoinWords(const std::vector<std::string>& words, std::string_view conjunction) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0 && i + 1 == words.size()) {
      text.append(" ").append(conjunction).append(" ");
    } else if (i > 0) {
      text.append(", ");
    }
    text.append(words[i]);
  }
  return text;
}

}  // namespace balance
