#pragma once

// A host:port to listen on, as configured. Pure.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace balance {

struct ListenAddress {
  // An IPv6 address without its brackets.
  std::string host;
  // 0 lets the system choose.
  std::uint16_t port = 0;

  // True for localhost, 127.0.0.0/8 and ::1.
  bool IsLoopback() const;
};

// Whether two sockets cannot listen on both: they are of one port, and of one host or of all. Names
// are not looked up, but `localhost` counts as every loopback address. Port 0 is never in the way.
bool Collide(const ListenAddress& a, const ListenAddress& b);

// nullopt unless `text` is HOST:PORT, where HOST is a name, an IPv4 address or an IPv6 address in
// brackets.
std::optional<ListenAddress> ParseListenAddress(std::string_view text);

}  // namespace balance
