#pragma once

// One accepted WebSocket: whole messages in, messages and broken bytes out.

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "tests/sandbox/http_message.h"

namespace balance::sandbox {

// Reason given when a socket is closed from this side.
struct SocketClose {
  std::uint16_t code = 1000;
  std::string reason;
};

// Used on the sandbox's loop only. One Read() and one of the operations that write may be under way
// at the same time. Reset() and Drop() end them as failed.
class WebSocket {
 public:
  virtual ~WebSocket() = default;

  // Answers the request for an upgrade with 101. False: the peer is gone.
  // REQUIRES: IsWebSocketUpgrade(upgrade).
  virtual boost::asio::awaitable<bool> Accept(const HttpCall& upgrade) = 0;

  // The next message, or nullopt once the socket is over. Pings are answered meanwhile, and only
  // meanwhile.
  virtual boost::asio::awaitable<std::optional<std::string>> Read() = 0;

  virtual boost::asio::awaitable<bool> Write(std::string_view message, bool binary) = 0;
  // `bytes` without a frame around them.
  virtual boost::asio::awaitable<bool> WriteRaw(std::string_view bytes) = 0;
  // Sends the close frame. The peer's ends Read().
  virtual boost::asio::awaitable<bool> Close(const SocketClose& close) = 0;

  // RST.
  virtual void Reset() = 0;
  // FIN without a close frame.
  virtual void Drop() = 0;

  // Code of the peer's close frame (1005 if it has none); 0: there was no such frame.
  virtual std::uint16_t peer_close_code() const = 0;
  // `observer` is called for each ping received.
  virtual void ObservePings(std::function<void()> observer) = 0;
};

}  // namespace balance::sandbox
