#pragma once

// A connection with many streams of WatchAccountSnapshots, for load: it counts messages and keeps
// none, so that it takes little of the machine that it measures.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/raw_peer.h"

namespace balance::bench {

// Used on one thread.
class WatchingPeer {
 public:
  // Called with the place of a stream on its connection, and with how many whole messages it has
  // had by now.
  using OnMessage = std::function<void(std::size_t stream, std::size_t count)>;

  // Connects to a port of 127.0.0.1 and calls the method on `streams` streams, whose windows never
  // close. Throws std::runtime_error.
  WatchingPeer(std::uint16_t port, std::size_t streams, std::string_view request);

  int socket() const { return peer_.socket(); }

  // Reads what has come. Throws std::runtime_error if a stream or the connection ends.
  void Read(const OnMessage& on_message);

  // The newest whole message of the first stream.
  const std::string& message() const { return message_; }

 private:
  struct Stream {
    // Bytes that are still missing of the message that has begun, its prefix included.
    std::size_t missing = 0;
    // What has come of a prefix.
    std::string prefix;
    std::size_t messages = 0;
  };

  void Send(std::string_view bytes);
  void OnFrame(std::uint8_t type, std::uint8_t flags, std::uint32_t stream,
               std::string_view payload, const OnMessage& on_message);
  void OnData(std::size_t place, std::string_view data, const OnMessage& on_message);

  RawPeer peer_;
  // What has come of a frame.
  std::string received_;
  std::vector<Stream> streams_;
  std::string begun_message_;
  std::string message_;
};

}  // namespace balance::bench
