#pragma once

// Where a server is and how it is spoken to. Plain values.

#include <cstdint>
#include <string>

namespace balance {

// Where a server listens.
struct HostPort {
  // Name or address; an IPv6 address without brackets.
  std::string host;
  std::uint16_t port = 0;

  friend bool operator==(const HostPort&, const HostPort&) = default;
};

struct StreamTls {
  bool is_on = false;
  // Path of a PEM file with the CAs that may vouch for the server; no others are trusted. Read anew
  // for each connection.
  std::string ca_file = {};

  friend bool operator==(const StreamTls&, const StreamTls&) = default;
};

}  // namespace balance
