#include <algorithm>
#include <utility>

#include "clients/http/http_transport.h"

namespace balance {
namespace {

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool SameName(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return Lower(x) == Lower(y); });
}

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const auto begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

}  // namespace

std::string_view HttpResponse::Header(std::string_view name) const {
  for (const HttpHeader& header : headers) {
    if (SameName(header.name, name)) return Trim(header.value);
  }
  return {};
}

std::optional<std::string> HttpResponse::HeaderList(std::string_view name) const {
  std::optional<std::string> list;
  for (const HttpHeader& header : headers) {
    if (!SameName(header.name, name)) continue;
    if (list) list->append(", ");
    list = std::move(list).value_or("").append(Trim(header.value));
  }
  return list;
}

}  // namespace balance
