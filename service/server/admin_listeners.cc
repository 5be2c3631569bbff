#include "service/server/admin_listeners.h"

#include <algorithm>
#include <boost/asio/ip/v6_only.hpp>
#include <utility>

#include "service/config/listen_address.h"

namespace balance {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

std::vector<tcp::endpoint> EndpointsOf(asio::io_context& loop, const ListenAddress& address,
                                       error_code& error) {
  std::vector<tcp::endpoint> endpoints;
  for (const auto& found : tcp::resolver(loop).resolve(
           address.host, std::to_string(address.port),
           tcp::resolver::passive | tcp::resolver::numeric_service, error)) {
    if (std::find(endpoints.begin(), endpoints.end(), found.endpoint()) == endpoints.end()) {
      endpoints.push_back(found.endpoint());
    }
  }
  return endpoints;
}

tcp::acceptor ListenOn(asio::io_context& loop, const tcp::endpoint& endpoint, error_code& error) {
  tcp::acceptor acceptor(loop);
  acceptor.open(endpoint.protocol(), error);
  // Connections that this side closed would keep the port from the next start for a minute.
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error && endpoint.address().is_v6()) {
    const bool is_any = endpoint.address().is_unspecified();
    acceptor.set_option(asio::ip::v6_only(!is_any), error);
  }
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  return acceptor;
}

bool IsOfALackingFamily(const error_code& error) {
  return error == asio::error::address_family_not_supported ||
         error == boost::system::errc::address_not_available;
}

}  // namespace

Result<std::vector<tcp::acceptor>> Listen(asio::io_context& loop, const std::string& address,
                                          const std::string& field) {
  const auto parsed = ParseListenAddress(address);
  if (!parsed) {
    return Fail(ErrorKind::kInvalidInput,
                field + ": \"" + address + "\" is not host:port, such as 127.0.0.1:9464");
  }
  std::vector<tcp::acceptor> acceptors;
  error_code error;
  for (tcp::endpoint endpoint : EndpointsOf(loop, *parsed, error)) {
    if (!acceptors.empty()) endpoint.port(acceptors.front().local_endpoint().port());
    auto acceptor = ListenOn(loop, endpoint, error);
    if (!error) {
      acceptors.push_back(std::move(acceptor));
    } else if (!IsOfALackingFamily(error)) {
      break;
    }
  }
  if (acceptors.empty() || (error && !IsOfALackingFamily(error))) {
    return Fail(ErrorKind::kInvalidInput,
                "cannot listen on " + address + " (" + field +
                    "): the port is in use or the address is not of this machine (" +
                    error.message() + "); choose another");
  }
  return acceptors;
}

}  // namespace balance
