#pragma once

// A client of a server on this machine that sends any bytes, and reads only if it is told to.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace balance {

// Never blocks. Used on one thread. Keeps nothing of what it sends.
class RawPeer {
 public:
  // Connects to a port of 127.0.0.1. Throws std::runtime_error.
  explicit RawPeer(std::uint16_t port);
  RawPeer(RawPeer&& other) noexcept;
  RawPeer& operator=(RawPeer&&) = delete;
  ~RawPeer();

  // Sends what the socket takes now; returns how much that was.
  std::size_t Send(std::string_view bytes);
  // What has come; empty if there is nothing.
  std::string Receive();
  // The server has hung up, as far as Send() and Receive() have seen.
  bool is_closed() const { return is_closed_; }
  // Says that nothing more is sent.
  void EndSending();

  int socket() const { return socket_; }

 private:
  int socket_;
  bool is_closed_ = false;
};

}  // namespace balance
