#pragma once

// A listener on 127.0.0.1 and its connections, which can be pulled out and put back like a plug.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <list>
#include <memory>

#include "clients/core/result.h"
#include "tests/sandbox/http_connection.h"

namespace balance::sandbox {

// Used on the loop's thread only, apart from Listen(). Destroy it only after Stop() and once the
// loop has run out of work.
class HttpServer {
 public:
  // `loop`, `handler` and `tls` (null: plain HTTP) must outlive it. Port 0: the system chooses.
  // Fails with kInvalidInput if the port cannot be had.
  static Result<std::unique_ptr<HttpServer>> Listen(boost::asio::io_context& loop,
                                                    std::uint16_t port, HttpHandler& handler,
                                                    boost::asio::ssl::context* tls);

  std::uint16_t port() const { return port_; }
  bool plugged() const { return plugged_; }

  // Refuses and resets connections but keeps the port from others. May be repeated.
  void Unplug();
  Result<void> Plug();

  // As Unplug(), for good.
  void Stop();

 private:
  HttpServer(boost::asio::io_context& loop, HttpHandler& handler, boost::asio::ssl::context* tls);

  // Opens the acceptor on port_ without listening.
  boost::system::error_code Bind();
  void Spawn();
  boost::asio::awaitable<void> Accept(std::uint64_t generation);
  boost::asio::awaitable<void> PauseAfterFailure();
  void StartConnection(boost::asio::ip::tcp::socket socket);

  boost::asio::io_context& loop_;
  HttpHandler& handler_;
  boost::asio::ssl::context* tls_;
  boost::asio::ip::tcp::acceptor acceptor_;
  std::uint16_t port_ = 0;
  bool plugged_ = true;
  // Grows with each Plug(), so that an accept loop from before an Unplug() ends.
  std::uint64_t generation_ = 0;
  std::uint64_t next_number_ = 1;
  std::list<HttpConnection> connections_;
};

}  // namespace balance::sandbox
