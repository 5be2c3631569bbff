#pragma once

// A client that speaks HTTP/2 frame by frame, to say what no decent client would.

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace balance {

enum class FrameType : std::uint8_t {
  kData = 0,
  kHeaders = 1,
  kResetStream = 3,
  kSettings = 4,
  kPing = 6,
  kGoAway = 7,
  kWindowUpdate = 8,
  kContinuation = 9,
};

// Before the payload.
inline constexpr std::size_t kFrameHeaderBytes = 9;

inline constexpr std::uint8_t kAck = 0x1;
inline constexpr std::uint8_t kEndStream = 0x1;
inline constexpr std::uint8_t kEndHeaders = 0x4;

struct Frame {
  FrameType type;
  std::uint8_t flags = 0;
  std::uint32_t stream = 0;
  std::string payload;
};

using Headers = std::vector<std::pair<std::string, std::string>>;

// Frames as they go over the wire.
std::string Encode(const Frame& frame);
// A header block of literals, which nobody has to remember.
std::string HeaderBlock(const Headers& headers);
// GetAccountSnapshot, without its message: HEADERS that leave the stream open.
std::string CallHeaders(std::uint32_t stream, const Headers& more = {});
// GetAccountSnapshot as a whole; `request` is the message, serialised.
std::string EncodedCall(std::uint32_t stream, const std::string& request, const Headers& more = {});
// The caller gives up.
std::string Cancel(std::uint32_t stream);
// SETTINGS that leave no room for messages of the server's on the streams that follow.
std::string NoRoomForAnswers();

// Blocking. Used on one thread.
class Http2Peer {
 public:
  // Connects to "host:port" and says hello. Throws boost::system::system_error.
  explicit Http2Peer(const std::string& address);

  // False once the server takes no more. What the server says meanwhile is kept for Next(): a
  // server that nobody reads from need not read either.
  bool Send(const std::string& bytes);

  // The next frame; nullopt if the server closes, or is silent for `patience`. Answers a ping,
  // which a server that says farewell waits for.
  std::optional<Frame> Next(std::chrono::milliseconds patience = std::chrono::seconds(5));

  // Whether the stream's answer begins, and its message waits for room.
  bool IsAnswerHeldBack(std::uint32_t stream);

  // Closes, with a RST or a FIN.
  void Leave(bool reset);

  bool IsClosed() const { return closed_; }

 private:
  // Waits until there is something to read, or to write if `write`; false after `patience`.
  bool Wait(bool write, std::chrono::milliseconds patience);
  void Receive();

  boost::asio::io_context loop_;
  boost::asio::ip::tcp::socket socket_{loop_};
  std::string received_;
  bool closed_ = false;
};

}  // namespace balance
