#pragma once

// Settings that a login's client is made with, beside the login.

#include <cstdint>
#include <string>

#include "clients/core/clock.h"
#include "clients/core/source_info.h"
#include "clients/http/http_transport.h"

namespace balance {

// A value.
struct ClientSettings {
  // Longest time for one exchange, name resolution and TLS included.
  Duration attempt_timeout;
  // PEM file with CAs to trust beside the system's. Empty: none.
  std::string ca_file;
  // See HttpRequest::login and HttpRequest::kind.
  std::uint64_t login = 0;
  SourceKind kind{};
};

// Has the request go as the settings say: all that requests of one login have in common, but for
// their time-out.
inline void Apply(const ClientSettings& settings, HttpRequest& request) {
  request.ca_file = settings.ca_file;
  request.login = settings.login;
  request.kind = settings.kind;
}

}  // namespace balance
