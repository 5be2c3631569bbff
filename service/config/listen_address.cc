#include "service/config/listen_address.h"

#include <arpa/inet.h>

#include <array>
#include <charconv>

#include "clients/core/ascii.h"
#include "clients/http/base_url.h"

namespace balance {
namespace {

constexpr std::string_view kDigits = "0123456789";
constexpr std::string_view kIpv4Characters = "0123456789.";
constexpr std::string_view kNameCharacters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-";

bool ConsistsOf(std::string_view text, std::string_view characters) {
  return !text.empty() && text.find_first_not_of(characters) == std::string_view::npos;
}

// The address in its one spelling, or nullopt if `host` is none of that family.
std::optional<std::string> Canonical(int family, const std::string& host) {
  std::array<unsigned char, sizeof(in6_addr)> bytes{};
  if (inet_pton(family, host.c_str(), bytes.data()) != 1) return std::nullopt;
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(family, bytes.data(), text.data(), text.size());
  return std::string(text.data());
}

// An address in its one spelling, a name in lower case.
std::string HostOf(const ListenAddress& address) {
  for (const int family : {AF_INET, AF_INET6}) {
    if (auto host = Canonical(family, address.host)) return *std::move(host);
  }
  return ToAsciiLower(address.host);
}

bool IsEveryHost(std::string_view host) { return host == "0.0.0.0" || host == "::"; }

bool IsLocalhostOf(std::string_view name, const ListenAddress& address) {
  return name == "localhost" && address.IsLoopback();
}

}  // namespace

bool ListenAddress::IsLoopback() const {
  BaseUrl url;
  url.host = HostOf(*this);
  return url.IsLoopback();
}

bool Collide(const ListenAddress& a, const ListenAddress& b) {
  if (a.port != b.port || a.port == 0) return false;
  const std::string host_a = HostOf(a);
  const std::string host_b = HostOf(b);
  return host_a == host_b || IsEveryHost(host_a) || IsEveryHost(host_b) ||
         IsLocalhostOf(host_a, b) || IsLocalhostOf(host_b, a);
}

std::optional<ListenAddress> ParseListenAddress(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
    if (!Canonical(AF_INET6, std::string(host))) return std::nullopt;
  } else if (!ConsistsOf(host, kNameCharacters) ||
             (ConsistsOf(host, kIpv4Characters) && !Canonical(AF_INET, std::string(host)))) {
    return std::nullopt;
  }
  ListenAddress address{std::string(host), 0};
  if (!ConsistsOf(port, kDigits)) return std::nullopt;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (error != std::errc{} || end != port.data() + port.size()) return std::nullopt;
  return address;
}

}  // namespace balance
