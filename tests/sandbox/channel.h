#pragma once

// One accepted connection as bytes, with or without TLS.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstddef>
#include <memory>
#include <string_view>

#include "tests/sandbox/web_socket.h"

namespace boost::asio::ssl {
class context;
}

namespace balance::sandbox {

// Used on the sandbox's loop only. Reset() and Close() end a pending operation as failed.
class Channel {
 public:
  virtual ~Channel() = default;

  // False: the peer is gone or no good.
  virtual boost::asio::awaitable<bool> Handshake() = 0;
  // Bytes read; 0 at the end and on failure.
  virtual boost::asio::awaitable<std::size_t> Read(char* to, std::size_t size) = 0;
  // All of `bytes`, or false.
  virtual boost::asio::awaitable<bool> Write(std::string_view bytes) = 0;

  // The same connection as a WebSocket; nothing of the channel may be used after it.
  virtual std::unique_ptr<WebSocket> Upgrade() = 0;

  // RST.
  virtual void Reset() = 0;
  // FIN.
  virtual void Close() = 0;
};

// `tls` null: plain. It must outlive the channel.
std::unique_ptr<Channel> MakeChannel(boost::asio::ip::tcp::socket socket,
                                     boost::asio::ssl::context* tls);

}  // namespace balance::sandbox
