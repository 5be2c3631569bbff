#pragma once

// A connection that carries bytes, plain or over TLS.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/system/error_code.hpp>
#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include "clients/core/clock.h"
#include "clients/redis/redis_error.h"
#include "clients/redis/stream_settings.h"

namespace balance {

// Used on its loop's thread only. At most one read and one write may be under way. Destruction ends
// the connection; whoever reads or writes keeps the stream until that has ended.
class ByteStream {
 public:
  virtual ~ByteStream() = default;

  // Waits for bytes; returns how many came.
  virtual boost::asio::awaitable<std::size_t> ReadSome(std::span<char> into,
                                                       boost::system::error_code& error) = 0;
  // Writes all of `bytes`, which must stay as they are until the end.
  virtual boost::asio::awaitable<void> Write(std::string_view bytes,
                                             boost::system::error_code& error) = 0;
  // Ends the connection, and with it what is under way. May be repeated.
  virtual void Close() = 0;
};

// Resolves the name, connects and, with TLS, verifies the server, all before `deadline` and without
// blocking the loop. Errors: kUnreachable, kTimedOut and kTls.
boost::asio::awaitable<RedisResult<std::unique_ptr<ByteStream>>> OpenStream(
    boost::asio::io_context& loop, Clock& clock, HostPort server, StreamTls tls,
    SteadyTime deadline);

}  // namespace balance
