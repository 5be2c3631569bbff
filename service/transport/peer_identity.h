#pragma once

// Who is at the other end of a connection, as far as its certificate tells.

#include <string>
#include <vector>

namespace balance {

// Immutable once made; shared by the calls of a connection.
struct PeerIdentity {
  // Whether the peer showed a certificate that leads to one of our client CAs. Without it the names
  // below are empty.
  bool is_authenticated = false;
  // The subject alternative names of the certificate, in its order.
  std::vector<std::string> uris;
  std::vector<std::string> dns_names;
};

}  // namespace balance
