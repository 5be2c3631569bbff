#include "clients/core/utf8.h"

#include <algorithm>
#include <boost/locale/utf.hpp>

namespace balance {
namespace {

namespace utf = boost::locale::utf;
using Traits = utf::utf_traits<char>;

}  // namespace

std::optional<Utf8Character> FirstUtf8Character(std::string_view text) {
  const char* at = text.data();
  const utf::code_point found = Traits::decode(at, text.data() + text.size());
  if (found == utf::illegal || found == utf::incomplete) return std::nullopt;
  return Utf8Character{static_cast<char32_t>(found), static_cast<std::size_t>(at - text.data())};
}

std::size_t ValidUtf8Prefix(std::string_view text) {
  std::size_t valid = 0;
  while (const auto next = FirstUtf8Character(text.substr(valid))) valid += next->bytes;
  return valid;
}

std::string_view Utf8Prefix(std::string_view text, std::size_t limit) {
  if (text.size() <= limit) return text;
  while (limit > 0 && Traits::is_trail(text[limit])) --limit;
  return text.substr(0, limit);
}

std::size_t CountUtf8Characters(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return !Traits::is_trail(c); }));
}

}  // namespace balance
