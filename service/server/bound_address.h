#pragma once

#include <string>

namespace balance {

// `address` (host:port, already checked) with the port that was really bound.
inline std::string BoundAddress(const std::string& address, int port) {
  return address.substr(0, address.rfind(':') + 1) + std::to_string(port);
}

}  // namespace balance
