#pragma once

// Both venues' balance endpoints at the least cost there is: every request gets the same bytes,
// whatever it asks and whoever signed it.

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace balance::bench {

// A listener of HTTP/1.1 with keep-alive on 127.0.0.1. Used on the loop's thread only; must outlive
// the loop's work. It reads one request at a time from a connection, as libcurl sends them.
class CheapUpstream {
 public:
  // `body` is the answer, which leaves `delay` after the request has come. GET /count answers how
  // many requests there were beside those for /count.
  CheapUpstream(boost::asio::io_context& loop, std::string body, std::chrono::nanoseconds delay);
  CheapUpstream(const CheapUpstream&) = delete;
  CheapUpstream& operator=(const CheapUpstream&) = delete;
  ~CheapUpstream();

  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

 private:
  class Connection;

  void Accept();
  std::string Reply(const std::string& body) const;
  // Made anew once a second, for its Date.
  const std::string& Answer();

  boost::asio::io_context& loop_;
  boost::asio::ip::tcp::acceptor acceptor_;
  const std::string body_;
  const std::chrono::nanoseconds delay_;
  std::time_t answer_date_ = 0;
  std::string answer_;
  std::uint64_t count_ = 0;
};

}  // namespace balance::bench
