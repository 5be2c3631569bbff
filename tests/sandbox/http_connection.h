#pragma once

// One client connection: reads requests, asks the handler, sends its plans.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <memory>

#include "tests/sandbox/channel.h"
#include "tests/sandbox/socket_connection.h"
#include "tests/sandbox/wire_plan.h"

namespace balance::sandbox {

// Decides what each request is answered with. Called on the sandbox's loop.
class HttpHandler {
 public:
  virtual ~HttpHandler() = default;

  virtual WirePlan Handle(const HttpCall& call) = 0;
  virtual void OnConnect() {}
  virtual void OnDisconnect() {}
};

// Used on the sandbox's loop only.
class HttpConnection {
 public:
  // `handler` must outlive it. `number` is HttpCall::connection.
  HttpConnection(std::unique_ptr<Channel> channel, boost::asio::any_io_executor executor,
                 HttpHandler& handler, std::uint64_t number);

  // Completes when the connection is over. The object must live until then.
  boost::asio::awaitable<void> Serve();

  // RST, and an early end to whatever Serve() waits for.
  void Stop();

 private:
  boost::asio::awaitable<bool> Send(const WirePlan& plan);
  boost::asio::awaitable<void> ServeSocket(const HttpCall& call, WirePlan plan);
  boost::asio::awaitable<bool> Drip(const WirePlan& plan);
  boost::asio::awaitable<bool> SendUnasked(const WirePlan& plan);
  boost::asio::awaitable<void> Hang();
  boost::asio::awaitable<void> Wait(Duration time);

  // Null once it has become a WebSocket.
  std::unique_ptr<Channel> channel_;
  std::shared_ptr<SocketConnection> socket_;
  boost::asio::steady_timer timer_;
  HttpHandler& handler_;
  std::uint64_t number_;
  bool stopped_ = false;
};

}  // namespace balance::sandbox
