#pragma once

// The address of an upstream, as configured. A value type.

#include <cstdint>
#include <string>
#include <string_view>

#include "clients/core/result.h"

namespace balance {

struct BaseUrl {
  bool tls = true;
  // Lower case; an IPv6 address without brackets.
  std::string host;
  std::uint16_t port = 443;
  // Empty, or "/..." without a trailing slash. Sent before an API path, never signed.
  std::string path_prefix;

  // True for localhost, 127.0.0.0/8 and ::1.
  bool IsLoopback() const;
  // scheme://host[:port]prefix, the port only where it is not the scheme's own.
  std::string ToString() const;
  // "host:port": what a circuit breaker and a connection pool belong to.
  std::string Authority() const;

  friend bool operator==(const BaseUrl&, const BaseUrl&) = default;
};

// Reads `http[s]://host[:port][/prefix]`. Fails with kInvalidInput and a remedy on user info,
// query, fragment, another scheme, a bad port, or plain http off loopback.
Result<BaseUrl> ParseBaseUrl(std::string_view text);

}  // namespace balance
