#include <utility>

#include "clients/core/ascii.h"
#include "clients/http/http_transport.h"

namespace balance {
std::string_view HttpResponse::Header(std::string_view name) const {
  for (const HttpHeader& header : headers) {
    if (EqualIgnoringAsciiCase(header.name, name)) return TrimAscii(header.value);
  }
  return {};
}

std::optional<std::string> HttpResponse::HeaderList(std::string_view name) const {
  std::optional<std::string> list;
  for (const HttpHeader& header : headers) {
    if (!EqualIgnoringAsciiCase(header.name, name)) continue;
    if (list) list->append(", ");
    list = std::move(list).value_or("").append(TrimAscii(header.value));
  }
  return list;
}

}  // namespace balance
