#pragma once

// The way out of a connection: its socket, and what that has not taken yet.

#include <boost/asio/ip/tcp.hpp>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "service/transport/transport_stats.h"

namespace balance {

// Bytes leave in the order in which they were written. Never blocks. Used on its loop's thread
// only.
class UnsentBytes {
 public:
  enum class Progress : std::uint8_t {
    // The socket has taken all.
    kDone,
    // The rest waits until the socket is writable.
    kWaits,
    // The socket has failed.
    kFailed,
  };

  // `buffered` counts what is kept. Both must outlive it.
  UnsentBytes(boost::asio::ip::tcp::socket& socket, LoopCounter& buffered)
      : socket_(socket), buffered_(buffered) {}

  // Nothing waits.
  bool empty() const { return bytes_.empty(); }
  // Bytes of memory that are kept, among them those that the socket has taken since they were.
  std::size_t size() const { return bytes_.size(); }
  // Bytes that the socket has not taken.
  std::size_t left() const { return bytes_.size() - sent_; }

  // Sends `bytes`, behind what waits, and keeps what the socket does not take.
  Progress Write(std::span<const unsigned char> bytes);
  // Sends what waits; the socket is writable.
  Progress WriteOn();

 private:
  // Sends as much as the socket takes, and takes that off the front of `bytes`.
  Progress Send(std::span<const unsigned char>& bytes);

  boost::asio::ip::tcp::socket& socket_;
  LoopCounter& buffered_;
  std::vector<unsigned char> bytes_;
  // Number of the first ones, which the socket has taken.
  std::size_t sent_ = 0;
};

}  // namespace balance
