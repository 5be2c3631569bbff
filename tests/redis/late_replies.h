#pragma once

// A way to a Redis on which replies take time.

#include <array>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <cstddef>
#include <memory>
#include <utility>

#include "clients/core/clock.h"
#include "clients/redis/stream_settings.h"

namespace balance {

// Passes bytes on: those to the server at once, those from it later. Used on the loop's thread.
class LateReplies {
 public:
  struct Settings {
    Duration delay{};
    // What is no longer than this comes at once all the same.
    std::size_t prompt_bytes = 0;
  };

  // It must outlive the work of the loop.
  LateReplies(boost::asio::io_context& loop, HostPort server, Settings settings)
      : acceptor_(loop, {boost::asio::ip::address_v4::loopback(), 0}), settings_(settings) {
    boost::asio::co_spawn(loop, Serve(*this, std::move(server)), boost::asio::detached);
  }

  HostPort address() const { return {"127.0.0.1", acceptor_.local_endpoint().port()}; }

  // For what comes from now on.
  void SetDelay(Duration delay) { settings_.delay = delay; }

 private:
  using Socket = boost::asio::ip::tcp::socket;

  static boost::asio::awaitable<void> Serve(LateReplies& self, HostPort server) {
    const boost::asio::ip::tcp::endpoint there(boost::asio::ip::address_v4::loopback(),
                                               server.port);
    while (true) {
      auto client = std::make_shared<Socket>(
          co_await self.acceptor_.async_accept(boost::asio::use_awaitable));
      const auto loop = co_await boost::asio::this_coro::executor;
      auto upstream = std::make_shared<Socket>(loop);
      co_await upstream->async_connect(there, boost::asio::use_awaitable);
      boost::asio::co_spawn(loop, Pass(self, client, upstream, false), boost::asio::detached);
      boost::asio::co_spawn(loop, Pass(self, upstream, client, true), boost::asio::detached);
    }
  }

  // Until either is closed.
  static boost::asio::awaitable<void> Pass(LateReplies& self, std::shared_ptr<Socket> from,
                                           std::shared_ptr<Socket> to, bool are_replies) {
    std::array<char, 4096> buffer;
    boost::asio::steady_timer timer(from->get_executor());
    while (true) {
      const std::size_t size =
          co_await from->async_read_some(boost::asio::buffer(buffer), boost::asio::use_awaitable);
      if (are_replies && size > self.settings_.prompt_bytes) {
        timer.expires_after(self.settings_.delay);
        co_await timer.async_wait(boost::asio::use_awaitable);
      }
      co_await boost::asio::async_write(*to, boost::asio::buffer(buffer.data(), size),
                                        boost::asio::use_awaitable);
    }
  }

  boost::asio::ip::tcp::acceptor acceptor_;
  Settings settings_;
};

}  // namespace balance
