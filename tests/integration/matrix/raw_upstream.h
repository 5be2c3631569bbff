#pragma once

// An upstream that a test writes byte by byte, for answers that no honest server sends.

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <thread>

#include "clients/core/mutex.h"

namespace balance {

// Listens on 127.0.0.1 from construction to destruction and serves one connection after another,
// one request each, on a thread of its own.
class RawUpstream {
 public:
  // Sends more of the answer; false once the peer takes no more.
  using Send = std::function<bool(const std::string& bytes)>;
  using Answer = std::function<void(const Send&)>;

  explicit RawUpstream(Answer answer);
  RawUpstream(const RawUpstream&) = delete;
  RawUpstream& operator=(const RawUpstream&) = delete;
  ~RawUpstream();

  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

  int requests() const;
  // Of all answers, as far as the peer took them.
  std::size_t bytes_sent() const;
  // Of the last request.
  std::string request_head() const;

 private:
  void Run();
  void Serve(boost::asio::ip::tcp::socket& socket);
  // Null: none. Shutting it down ends what Serve() waits for.
  void SetCurrent(boost::asio::ip::tcp::socket* socket);

  const Answer answer_;
  boost::asio::io_context loop_;
  boost::asio::ip::tcp::acceptor acceptor_;

  mutable Mutex mutex_;
  bool stopped_ BALANCE_GUARDED_BY(mutex_) = false;
  boost::asio::ip::tcp::socket* current_ BALANCE_GUARDED_BY(mutex_) = nullptr;
  int requests_ BALANCE_GUARDED_BY(mutex_) = 0;
  std::size_t bytes_sent_ BALANCE_GUARDED_BY(mutex_) = 0;
  std::string request_head_ BALANCE_GUARDED_BY(mutex_);

  std::thread thread_;
};

}  // namespace balance
