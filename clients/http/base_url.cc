#include "clients/http/base_url.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "clients/core/ascii.h"

namespace balance {
namespace {

constexpr std::uint16_t kHttpPort = 80;
constexpr std::uint16_t kHttpsPort = 443;

tl::unexpected<Error> Bad(std::string message) {
  return Fail(ErrorKind::kInvalidInput, std::move(message));
}

bool IsHostName(std::string_view host) {
  return !host.empty() && std::all_of(host.begin(), host.end(), [](char c) {
    return IsAsciiLower(c) || IsAsciiDigit(c) || c == '-' || c == '.' || c == '_';
  });
}

bool IsIpv6(std::string_view host) {
  return host.find(':') != std::string_view::npos &&
         host.find_first_not_of("0123456789abcdef:.") == std::string_view::npos;
}

bool IsPath(std::string_view path) { return path.empty() || IsAsciiWord(path); }

std::optional<std::uint16_t> ParsePort(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size() || port == 0) return std::nullopt;
  return port;
}

// Host and port of `host[:port]`; an IPv6 address stands in brackets.
Result<void> ParseAuthority(std::string_view authority, BaseUrl& url) {
  std::string_view port;
  if (authority.starts_with('[')) {
    const auto close = authority.find(']');
    if (close == std::string_view::npos) return Bad("has a bracket that is not closed");
    url.host = ToAsciiLower(authority.substr(1, close - 1));
    if (!IsIpv6(url.host)) return Bad("has no IPv6 address in its brackets");
    port = authority.substr(close + 1);
  } else {
    const auto colon = std::min(authority.find(':'), authority.size());
    url.host = ToAsciiLower(authority.substr(0, colon));
    if (!IsHostName(url.host)) return Bad("has no proper host; write https://host[:port][/path]");
    port = authority.substr(colon);
  }
  if (port.empty()) return {};
  const auto number = port.front() == ':' ? ParsePort(port.substr(1)) : std::nullopt;
  if (!number) return Bad("has a bad port; a port is 1 to 65535");
  url.port = *number;
  return {};
}

}  // namespace

bool BaseUrl::IsLoopback() const {
  return host == "localhost" || host == "::1" ||
         (host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string::npos);
}

std::string BaseUrl::ToString() const {
  const std::string bracketed = host.find(':') == std::string::npos ? host : "[" + host + "]";
  std::string text = (tls ? "https://" : "http://") + bracketed;
  if (port != (tls ? kHttpsPort : kHttpPort)) text += ":" + std::to_string(port);
  return text + path_prefix;
}

std::string BaseUrl::Authority() const {
  const std::string bracketed = host.find(':') == std::string::npos ? host : "[" + host + "]";
  return bracketed + ":" + std::to_string(port);
}

Result<BaseUrl> ParseBaseUrl(std::string_view text) {
  BaseUrl url;
  const auto scheme_end = text.find("://");
  const std::string scheme =
      ToAsciiLower(text.substr(0, scheme_end == std::string_view::npos ? 0 : scheme_end));
  if (scheme != "https" && scheme != "http") {
    return Bad("does not begin with https://, or http:// on loopback");
  }
  url.tls = scheme == "https";
  url.port = url.tls ? kHttpsPort : kHttpPort;
  const std::string_view rest = text.substr(scheme_end + 3);
  if (rest.find('@') != std::string_view::npos) {
    return Bad("holds user info; credentials have fields of their own");
  }
  if (rest.find_first_of("?#") != std::string_view::npos) {
    return Bad("has a query or a fragment; leave it out");
  }
  const auto slash = std::min(rest.find('/'), rest.size());
  if (const auto parsed = ParseAuthority(rest.substr(0, slash), url); !parsed) {
    return tl::unexpected(parsed.error());
  }
  std::string_view path = rest.substr(slash);
  while (path.ends_with('/')) path.remove_suffix(1);
  if (!IsPath(path)) return Bad("has a space or a character in its path that is not ASCII");
  url.path_prefix = path;
  if (!url.tls && !url.IsLoopback()) {
    return Bad("is plain http off loopback, where keys could be read on the way; use https");
  }
  return url;
}

}  // namespace balance
