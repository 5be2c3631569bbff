#pragma once

// Settings that a login's client is made with, beside the login.

#include <cstdint>
#include <string>

#include "clients/core/clock.h"

namespace balance {

// A value.
struct ClientSettings {
  // Longest time for one exchange, name resolution and TLS included.
  Duration attempt_timeout;
  // PEM file with CAs to trust beside the system's. Empty: none.
  std::string ca_file;
  // See HttpRequest::login.
  std::uint64_t login = 0;
};

}  // namespace balance
