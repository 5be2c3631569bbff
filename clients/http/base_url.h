#pragma once

// The address of an upstream, as configured. A value type.

#include <cstdint>
#include <string>
#include <string_view>

#include "clients/core/result.h"

namespace balance {

struct BaseUrl {
  bool tls = true;
  // Host name or address, in lower case; an IPv6 address has no brackets.
  std::string host;
  std::uint16_t port = 443;
  // Path that is sent before an API path and never signed: empty, or "/..." without a trailing
  // slash.
  std::string path_prefix;

  // True for localhost, 127.0.0.0/8 and ::1.
  bool IsLoopback() const;
  // The address as scheme://host[:port]prefix; the port is left out where it is the scheme's own.
  std::string ToString() const;
  // The host and port as "host:port", which name the circuit breaker and the connection pool of the
  // address.
  std::string Authority() const;

  friend bool operator==(const BaseUrl&, const BaseUrl&) = default;
};

// Reads `http[s]://host[:port][/prefix]`. Fails with kInvalidInput and a remedy on user info,
// query, fragment, another scheme, a bad port, or plain http off loopback.
Result<BaseUrl> ParseBaseUrl(std::string_view text);

}  // namespace balance
