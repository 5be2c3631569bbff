#include "tests/bench/cheap_upstream.h"

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <ctime>
#include <string_view>
#include <utility>

namespace balance::bench {

namespace asio = boost::asio;
using boost::system::error_code;
using tcp = asio::ip::tcp;

class CheapUpstream::Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(CheapUpstream& upstream, tcp::socket socket)
      : upstream_(upstream), socket_(std::move(socket)), timer_(upstream.loop_) {
    socket_.set_option(tcp::no_delay(true));
  }

  void Read() {
    socket_.async_read_some(
        asio::buffer(buffer_.data() + size_, buffer_.size() - size_),
        [self = shared_from_this()](const error_code& failed, std::size_t count) {
          if (!failed) self->Take(count);
        });
  }

 private:
  void Take(std::size_t count) {
    size_ += count;
    const std::string_view request(buffer_.data(), size_);
    if (!request.ends_with("\r\n\r\n")) {
      // One that does not fit is nobody's whom this serves.
      if (size_ < buffer_.size()) Read();
      return;
    }
    const bool asks_count = request.starts_with("GET /count ");
    size_ = 0;
    if (asks_count) return Write(upstream_.Reply(std::to_string(upstream_.count_)));
    ++upstream_.count_;
    if (upstream_.delay_ == std::chrono::nanoseconds::zero()) return Write(upstream_.Answer());
    timer_.expires_after(upstream_.delay_);
    timer_.async_wait([self = shared_from_this()](const error_code& failed) {
      if (!failed) self->Write(self->upstream_.Answer());
    });
  }

  void Write(std::string reply) {
    reply_ = std::move(reply);
    asio::async_write(socket_, asio::buffer(reply_),
                      [self = shared_from_this()](const error_code& failed, std::size_t) {
                        if (!failed) self->Read();
                      });
  }

  CheapUpstream& upstream_;
  tcp::socket socket_;
  asio::steady_timer timer_;
  std::array<char, 4096> buffer_{};
  std::size_t size_ = 0;
  std::string reply_;
};

CheapUpstream::CheapUpstream(asio::io_context& loop, std::string body,
                             std::chrono::nanoseconds delay)
    : loop_(loop),
      acceptor_(loop, {asio::ip::address_v4::loopback(), 0}),
      body_(std::move(body)),
      delay_(delay) {
  Accept();
}

CheapUpstream::~CheapUpstream() = default;

void CheapUpstream::Accept() {
  acceptor_.async_accept([this](const error_code& failed, tcp::socket socket) {
    if (failed == asio::error::operation_aborted) return;
    if (!failed) std::make_shared<Connection>(*this, std::move(socket))->Read();
    Accept();
  });
}

std::string CheapUpstream::Reply(const std::string& body) const {
  std::tm utc{};
  const std::time_t now = std::time(nullptr);
  gmtime_r(&now, &utc);
  std::array<char, 40> date{};
  std::strftime(date.data(), date.size(), "%a, %d %b %Y %H:%M:%S GMT", &utc);
  return std::string("HTTP/1.1 200 OK\r\nDate: ") + date.data() +
         "\r\nContent-Type: application/json\r\nX-Request-Id: 4bf92f3577b34da6a3ce929d0e0e4736\r\n"
         "Content-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

const std::string& CheapUpstream::Answer() {
  const std::time_t now = std::time(nullptr);
  if (now != answer_date_) {
    answer_date_ = now;
    answer_ = Reply(body_);
  }
  return answer_;
}

}  // namespace balance::bench
