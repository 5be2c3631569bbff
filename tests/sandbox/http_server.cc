#include "tests/sandbox/http_server.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <string>
#include <utility>

namespace balance::sandbox {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

HttpServer::HttpServer(asio::io_context& loop, HttpHandler& handler, asio::ssl::context* tls)
    : loop_(loop), handler_(handler), tls_(tls), acceptor_(loop) {}

Result<std::unique_ptr<HttpServer>> HttpServer::Listen(asio::io_context& loop, std::uint16_t port,
                                                       HttpHandler& handler,
                                                       asio::ssl::context* tls) {
  std::unique_ptr<HttpServer> server(new HttpServer(loop, handler, tls));
  server->port_ = port;
  error_code error = server->Bind();
  if (!error) server->acceptor_.listen(asio::socket_base::max_listen_connections, error);
  if (error) {
    return Fail(ErrorKind::kInvalidInput,
                "cannot listen on 127.0.0.1:" + std::to_string(port) + ": " + error.message());
  }
  server->port_ = server->acceptor_.local_endpoint().port();
  server->Spawn();
  return server;
}

error_code HttpServer::Bind() {
  error_code error;
  acceptor_.open(tcp::v4(), error);
  if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor_.bind({asio::ip::address_v4::loopback(), port_}, error);
  return error;
}

void HttpServer::Spawn() {
  asio::co_spawn(loop_, Accept(++generation_), [](const std::exception_ptr& failure) {
    if (failure) std::rethrow_exception(failure);
  });
}

asio::awaitable<void> HttpServer::Accept(std::uint64_t generation) {
  while (plugged_ && generation == generation_) {
    error_code error;
    tcp::socket socket =
        co_await acceptor_.async_accept(asio::redirect_error(asio::use_awaitable, error));
    if (!error && plugged_) StartConnection(std::move(socket));
    if (error && plugged_) co_await PauseAfterFailure();
  }
}

// Out of file descriptors, most likely: trying again at once would only spin.
asio::awaitable<void> HttpServer::PauseAfterFailure() {
  asio::steady_timer timer(loop_, std::chrono::milliseconds(10));
  error_code ignored;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

void HttpServer::StartConnection(tcp::socket socket) {
  connections_.emplace_back(MakeChannel(std::move(socket), tls_), loop_.get_executor(), handler_,
                            next_number_++);
  const auto self = std::prev(connections_.end());
  asio::co_spawn(loop_, self->Serve(), [this, self](const std::exception_ptr& failure) {
    connections_.erase(self);
    if (failure) std::rethrow_exception(failure);
  });
}

void HttpServer::Unplug() {
  if (!plugged_) return;
  plugged_ = false;
  error_code ignored;
  acceptor_.close(ignored);
  // A socket that is bound but does not listen: connecting is refused, and the system gives the
  // port to nobody else meanwhile. If it cannot be had, Plug() says so.
  if (Bind()) acceptor_.close(ignored);
  for (HttpConnection& connection : connections_) connection.Stop();
}

Result<void> HttpServer::Plug() {
  if (plugged_) return {};
  error_code error;
  acceptor_.listen(asio::socket_base::max_listen_connections, error);
  if (error) {
    return Fail(ErrorKind::kInvalidInput, "cannot listen on 127.0.0.1:" + std::to_string(port_) +
                                              " again: " + error.message());
  }
  plugged_ = true;
  Spawn();
  return {};
}

void HttpServer::Stop() {
  Unplug();
  error_code ignored;
  acceptor_.close(ignored);
}

}  // namespace balance::sandbox
