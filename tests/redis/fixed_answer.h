#pragma once

// A server that answers with given bytes, whatever it is asked.

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <boost/system/error_code.hpp>
#include <cstddef>
#include <list>
#include <string>
#include <utility>

#include "clients/redis/stream_settings.h"

namespace balance {

// To each connection once, as soon as it is made. Used on the loop's thread.
class FixedAnswer {
 public:
  // It must outlive the work of the loop.
  FixedAnswer(boost::asio::io_context& loop, std::string answer)
      : acceptor_(loop, {boost::asio::ip::address_v4::loopback(), 0}), answer_(std::move(answer)) {
    Accept();
  }

  HostPort address() const { return {"127.0.0.1", acceptor_.local_endpoint().port()}; }
  std::size_t connections() const { return peers_.size(); }

 private:
  void Accept() {
    acceptor_.async_accept([this](boost::system::error_code error,
                                  boost::asio::ip::tcp::socket peer) {
      if (error) return;
      boost::asio::async_write(peers_.emplace_back(std::move(peer)), boost::asio::buffer(answer_),
                               [](boost::system::error_code, std::size_t) {});
      Accept();
    });
  }

  boost::asio::ip::tcp::acceptor acceptor_;
  const std::string answer_;
  std::list<boost::asio::ip::tcp::socket> peers_;
};

}  // namespace balance
