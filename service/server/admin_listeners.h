#pragma once

// The sockets of an address to listen on.

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <string>
#include <vector>

#include "clients/core/result.h"

namespace balance {

// Listens on every address that the host of `address` (host:port) stands for, all at one port; an
// address of a family that this machine lacks is left out. `[::]` takes IPv4 too. Port 0 lets the
// system choose. Blocks on name servers if the host is a name. Fails with a sentence that names
// `address` as the setting `field`. At least one otherwise.
Result<std::vector<boost::asio::ip::tcp::acceptor>> Listen(boost::asio::io_context& loop,
                                                           const std::string& address,
                                                           const std::string& field);

}  // namespace balance
