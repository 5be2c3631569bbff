#pragma once

// A small gRPC client over nghttp2, for tests that must see what a gRPC library hides: resets,
// GOAWAYs, windows, trailers-only answers. It links no gRPC, so ThreadSanitizer can judge what it
// talks to.

#include <nghttp2/nghttp2.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace balance {

// Blocking. Used on one thread.
class H2Client {
 public:
  using Headers = std::vector<std::pair<std::string, std::string>>;

  struct Options {
    // Of each stream: how much the server may send before it is read. 65535 is HTTP/2's default.
    std::uint32_t window = 65535;
    // Whether data that is received makes room for more.
    bool gives_window = true;
  };

  struct Reply {
    Headers headers;
    Headers trailers;
    // What was received of the body, as it came.
    std::string body;
    // The server's side of the stream is closed.
    bool has_ended = false;
    // The error code of a RST_STREAM.
    std::optional<std::uint32_t> reset;

    // Of the headers, else of the trailers; empty if neither has it.
    std::string Header(std::string_view name) const;
    std::string http_status() const { return Header(":status"); }
    std::string grpc_status() const { return Header("grpc-status"); }
    // Whole messages in the body, without their prefixes.
    std::vector<std::string> Messages() const;
  };

  explicit H2Client(std::uint16_t port) : H2Client(port, Options()) {}
  // Connects to a port of 127.0.0.1 and says hello. Throws std::runtime_error.
  H2Client(std::uint16_t port, Options options);
  H2Client(const H2Client&) = delete;
  H2Client& operator=(const H2Client&) = delete;
  ~H2Client();

  // Starts a call; returns its stream.
  std::int32_t Start(const std::string& path, const Headers& more = {});
  // Sends bytes of the request as they are.
  void SendRaw(std::int32_t stream, const std::string& bytes, bool is_end);
  // Sends one message with its prefix.
  void SendMessage(std::int32_t stream, const std::string& message, bool is_end = true);
  // A call with one message, as a whole.
  std::int32_t Call(const std::string& path, const std::string& message, const Headers& more = {});
  void Cancel(std::int32_t stream);
  void Ping();
  // Lets the server send so much more on the stream, or on the connection for stream 0.
  void GiveWindow(std::int32_t stream, std::int32_t bytes);

  // Sends and receives until the condition holds; false if it does not within `patience`, or if the
  // connection ends before.
  bool Await(const std::function<bool()>& condition,
             std::chrono::milliseconds patience = std::chrono::seconds(10));
  // Waits until the stream has ended; throws std::runtime_error if it does not.
  const Reply& AwaitEnd(std::int32_t stream);
  // Call() and AwaitEnd().
  const Reply& Ask(const std::string& path, const std::string& message, const Headers& more = {});
  // Waits until the server has closed the connection.
  bool AwaitClose(std::chrono::milliseconds patience = std::chrono::seconds(10));

  const Reply& reply(std::int32_t stream) { return replies_[stream]; }
  // GOAWAYs in the order received: the last stream that each names, and its error code.
  const std::vector<std::pair<std::int32_t, std::uint32_t>>& goaways() const { return goaways_; }
  // Number of calls without the end of an answer when the first GOAWAY came.
  int calls_open_at_goaway() const { return calls_open_at_goaway_; }
  int pongs() const { return pongs_; }
  bool is_closed() const { return is_closed_; }

 private:
  struct Outgoing {
    std::string bytes;
    std::size_t sent = 0;
    bool is_end = false;
    bool is_deferred = false;
  };
  struct Callbacks;

  // One turn; false if nothing came within `patience`.
  bool Turn(std::chrono::milliseconds patience);
  void Flush();
  // Number of calls without the end of an answer.
  int CallsOpen() const;

  const Options options_;
  int socket_ = -1;
  nghttp2_session* session_ = nullptr;
  std::map<std::int32_t, Outgoing> outgoing_;
  std::map<std::int32_t, Reply> replies_;
  std::vector<std::pair<std::int32_t, std::uint32_t>> goaways_;
  int calls_open_at_goaway_ = 0;
  int pongs_ = 0;
  bool is_closed_ = false;
};

}  // namespace balance
