#include "tests/unit/http/keep_alive_upstream.h"

#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <iterator>
#include <utility>

namespace balance {

namespace asio = boost::asio;
using boost::system::error_code;

std::optional<std::string> KeepAliveUpstream::Peer::ReadRequest() {
  error_code error;
  const std::size_t size =
      asio::read_until(socket_, asio::dynamic_buffer(buffer_), "\r\n\r\n", error);
  if (error) return std::nullopt;
  const auto begin = buffer_.find('/') + 1;
  std::string path = buffer_.substr(begin, buffer_.find(' ', begin) - begin);
  buffer_.erase(0, size);
  return path;
}

KeepAliveUpstream::KeepAliveUpstream(Script script)
    : script_(std::move(script)), acceptor_(loop_, {asio::ip::address_v4::loopback(), 0}) {
  acceptor_thread_ = std::thread([this] { Accept(); });
}

KeepAliveUpstream::~KeepAliveUpstream() {
  shutdown(acceptor_.native_handle(), SHUT_RDWR);
  acceptor_thread_.join();
  for (tcp::socket& socket : sockets_) {
    error_code ignored;
    socket.shutdown(tcp::socket::shutdown_both, ignored);
  }
  for (std::thread& thread : threads_) thread.join();
}

std::string KeepAliveUpstream::Url() const {
  return "http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port());
}

void KeepAliveUpstream::Push(int number, const std::string& bytes) {
  SendAll(SocketOf(number), bytes);
}

void KeepAliveUpstream::Close(int number) {
  tcp::socket& socket = SocketOf(number);
  error_code ignored;
  socket.shutdown(tcp::socket::shutdown_send, ignored);
  AwaitArrival(socket);
}

void KeepAliveUpstream::SendAll(tcp::socket& socket, const std::string& bytes) {
  error_code ignored;
  asio::write(socket, asio::buffer(bytes), ignored);
  AwaitArrival(socket);
}

// What is unacknowledged includes the end of the stream.
void KeepAliveUpstream::AwaitArrival(tcp::socket& socket) {
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  int on_the_way = 1;
  while (std::chrono::steady_clock::now() < give_up) {
    tcp_info info{};
    socklen_t size = sizeof info;
    if (ioctl(socket.native_handle(), SIOCOUTQ, &on_the_way) != 0 ||
        getsockopt(socket.native_handle(), IPPROTO_TCP, TCP_INFO, &info, &size) != 0) {
      return;
    }
    const bool is_gone = info.tcpi_state == TCP_CLOSE;
    if (is_gone || (on_the_way == 0 && info.tcpi_unacked == 0)) return;
    std::this_thread::yield();
  }
}

KeepAliveUpstream::tcp::socket& KeepAliveUpstream::SocketOf(int number) {
  const MutexLock lock(mutex_);
  return *std::next(sockets_.begin(), number - 1);
}

void KeepAliveUpstream::Accept() {
  while (true) {
    error_code error;
    tcp::socket socket = acceptor_.accept(error);
    if (error) return;
    socket.set_option(tcp::no_delay(true));
    const MutexLock lock(mutex_);
    sockets_.push_back(std::move(socket));
    threads_.emplace_back([this, &mine = sockets_.back(), number = ++connections_] {
      Peer peer(mine, number);
      script_(peer);
    });
  }
}

std::string AnswerWith(const std::string& body, const std::string& status) {
  return "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         body;
}

}  // namespace balance
