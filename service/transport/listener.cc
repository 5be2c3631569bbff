#include "service/transport/listener.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/ip/v6_only.hpp>
#include <cerrno>
#include <utility>

namespace balance {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

// Accepted in a row; then others have their turn.
constexpr int kMostAcceptedAtOnce = 64;
constexpr int kBacklog = 1024;
// Before accept() is tried again after the system had nothing left for it.
constexpr Duration kRetryAfter = std::chrono::milliseconds(100);

int OpenSpare() { return open("/dev/null", O_RDONLY | O_CLOEXEC); }

std::string TextOf(const tcp::endpoint& endpoint) {
  asio::ip::address address = endpoint.address();
  // A socket for both families sees addresses of the older one in the form of the newer.
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    address = asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
  }
  const std::string port = std::to_string(endpoint.port());
  return address.is_v6() ? "[" + address.to_string() + "]:" + port
                         : address.to_string() + ":" + port;
}

// All addresses of this machine, where a host says so.
bool IsWildcard(const std::string& host) { return host == "0.0.0.0" || host == "::"; }

bool IsPressure(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

}  // namespace

Listener::Listener(asio::io_context& io, Clock& clock, OnAccept on_accept, OnExhausted on_exhausted)
    : io_(io),
      clock_(clock),
      on_accept_(std::move(on_accept)),
      on_exhausted_(std::move(on_exhausted)),
      spare_descriptor_(OpenSpare()) {}

Listener::~Listener() {
  if (spare_descriptor_ >= 0) close(spare_descriptor_);
}

Result<std::uint16_t> Listener::Bind(const std::string& host, std::uint16_t port) {
  if (IsWildcard(host)) {
    // Both families with one socket; a machine without IPv6 has the other only.
    auto both = BindTo({tcp::v6(), port});
    return both || both.error().kind != ErrorKind::kUnreachable ? both : BindTo({tcp::v4(), port});
  }
  boost::system::error_code error;
  tcp::resolver resolver(io_);
  const auto found = resolver.resolve(host, "", tcp::resolver::passive, error);
  if (error) return Fail(ErrorKind::kInvalidInput, host + " is no address of this machine");
  for (const auto& entry : found) {
    tcp::endpoint endpoint = entry.endpoint();
    endpoint.port(port);
    auto bound = BindTo(endpoint);
    if (!bound) return bound;
    port = *bound;
  }
  return port;
}

Result<std::uint16_t> Listener::BindTo(const tcp::endpoint& endpoint) {
  auto port = std::make_unique<Port>(io_, clock_);
  Acceptor& acceptor = port->acceptor;
  boost::system::error_code error;
  acceptor.open(endpoint.protocol(), error);
  if (error) return Fail(ErrorKind::kUnreachable, "the system has no such kind of address");
  acceptor.set_option(Acceptor::reuse_address(true), error);
  if (endpoint.address().is_v6()) {
    acceptor.set_option(asio::ip::v6_only(!endpoint.address().is_unspecified()), error);
  }
  acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(kBacklog, error);
  if (error) {
    return Fail(ErrorKind::kInvalidInput,
                "the port is in use or the address is not of this machine; choose another");
  }
  acceptor.non_blocking(true);
  const std::uint16_t bound = acceptor.local_endpoint().port();
  ports_.push_back(std::move(port));
  return bound;
}

void Listener::Start() {
  for (const auto& port : ports_) Await(*port);
}

void Listener::Close() {
  boost::system::error_code ignored;
  for (const auto& port : ports_) {
    port->retry.Cancel();
    port->acceptor.close(ignored);
  }
}

void Listener::Await(Port& port) {
  port.acceptor.async_wait(Acceptor::wait_read,
                           [this, &port](const boost::system::error_code& error) {
                             if (!error) AcceptSome(port);
                           });
}

void Listener::AcceptSome(Port& port) {
  for (int i = 0; i < kMostAcceptedAtOnce; ++i) {
    tcp::endpoint peer;
    auto size = static_cast<socklen_t>(peer.capacity());
    const int socket =
        accept4(port.acceptor.native_handle(), peer.data(), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (socket >= 0) {
      accepts_ = true;
      peer.resize(size);
      const int on = 1;
      setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
      on_accept_(socket, TextOf(peer));
      continue;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
      // The system takes a descriptor for a connection before it looks whether there is one.
      accepts_ = true;
      break;
    }
    // Of the one connection: it was gone before it was accepted.
    if (!IsPressure(errno)) continue;
    accepts_ = false;
    on_exhausted_();
    HangUpOnOne(port);
    port.retry.Set(clock_.SteadyNow() + kRetryAfter, [this, &port] { AcceptSome(port); });
    return;
  }
  Await(port);
}

void Listener::HangUpOnOne(Port& port) {
  if (spare_descriptor_ < 0) return;
  close(spare_descriptor_);
  const int socket = accept4(port.acceptor.native_handle(), nullptr, nullptr, SOCK_CLOEXEC);
  if (socket >= 0) close(socket);
  spare_descriptor_ = OpenSpare();
}

}  // namespace balance
