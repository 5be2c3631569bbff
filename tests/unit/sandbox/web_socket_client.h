#pragma once

// A WebSocket client that shows what really came, broken sockets included.

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/sandbox/http_message.h"

namespace balance::sandbox {

struct SocketEvent {
  enum class Kind : std::uint8_t {
    kText,
    kBinary,
    // A close frame: `code` and `text` are its own.
    kClosed,
    // FIN or RST without a close frame, or bytes that are no frame.
    kBroken,
    // Nothing within the patience.
    kSilence,
  };

  Kind kind = Kind::kSilence;
  std::string text;
  int code = 0;
};

// One connection to a plain port on loopback. Thread-compatible.
class WebSocketClient {
 public:
  explicit WebSocketClient(std::uint16_t port);

  // Asks for the upgrade. The status of the answer; 0: there was none.
  int Open(const std::string& target, const std::vector<Header>& headers = {});
  // Body of the answer that refused the upgrade.
  const std::string& refusal() const { return refusal_; }

  // What comes next, pings and pongs apart.
  SocketEvent Next(int patience_milliseconds = 10'000);
  // Text of the next message; fails the running test if something else comes.
  std::string Text();
  void Send(const std::string& text);
  void SendPing();
  // True if a pong comes within the patience; what else comes is lost.
  bool PongComes(int patience_milliseconds);
  void Close(std::uint16_t code);

 private:
  SocketEvent Ended(const boost::system::error_code& error) const;
  // Runs the loop until `done` or the patience's end.
  void RunUntil(const bool& done, int patience_milliseconds);

  boost::asio::io_context loop_;
  boost::beast::websocket::stream<boost::asio::ip::tcp::socket> stream_;
  boost::beast::flat_buffer buffer_;
  std::string refusal_;
  bool reading_ = false;
  bool read_ = false;
  bool pong_ = false;
  boost::system::error_code read_error_;
};

}  // namespace balance::sandbox
