#include "service/config/listen_address.h"

#include <charconv>

#include "clients/http/base_url.h"

namespace balance {
namespace {

constexpr std::string_view kDigits = "0123456789";
constexpr std::string_view kIpv6Characters = "0123456789abcdefABCDEF:.";
constexpr std::string_view kNameCharacters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-";

bool ConsistsOf(std::string_view text, std::string_view characters) {
  return !text.empty() && text.find_first_not_of(characters) == std::string_view::npos;
}

}  // namespace

bool ListenAddress::IsLoopback() const {
  BaseUrl url;
  url.host = host;
  for (char& c : url.host) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return url.IsLoopback();
}

std::optional<ListenAddress> ParseListenAddress(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
    if (!ConsistsOf(host, kIpv6Characters)) return std::nullopt;
  } else if (!ConsistsOf(host, kNameCharacters)) {
    return std::nullopt;
  }
  ListenAddress address{std::string(host), 0};
  if (!ConsistsOf(port, kDigits)) return std::nullopt;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (error != std::errc{} || end != port.data() + port.size()) return std::nullopt;
  return address;
}

}  // namespace balance
