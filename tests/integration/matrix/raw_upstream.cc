#include "tests/integration/matrix/raw_upstream.h"

#include <sys/socket.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <utility>

namespace balance {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

RawUpstream::RawUpstream(Answer answer)
    : answer_(std::move(answer)), acceptor_(loop_, {asio::ip::address_v4::loopback(), 0}) {
  thread_ = std::thread([this] { Run(); });
}

RawUpstream::~RawUpstream() {
  {
    const MutexLock lock(mutex_);
    stopped_ = true;
    error_code ignored;
    if (current_) current_->shutdown(tcp::socket::shutdown_both, ignored);
  }
  // Wakes the accept() of the other thread.
  shutdown(acceptor_.native_handle(), SHUT_RDWR);
  thread_.join();
}

void RawUpstream::Run() {
  while (true) {
    error_code error;
    tcp::socket socket = acceptor_.accept(error);
    if (error) return;
    SetCurrent(&socket);
    Serve(socket);
    SetCurrent(nullptr);
  }
}

void RawUpstream::SetCurrent(tcp::socket* socket) {
  const MutexLock lock(mutex_);
  current_ = socket;
  error_code ignored;
  if (stopped_ && socket) socket->shutdown(tcp::socket::shutdown_both, ignored);
}

void RawUpstream::Serve(tcp::socket& socket) {
  std::string head;
  error_code error;
  asio::read_until(socket, asio::dynamic_buffer(head), "\r\n\r\n", error);
  if (error) return;
  {
    const MutexLock lock(mutex_);
    ++requests_;
    request_head_ = std::move(head);
  }
  answer_([this, &socket](const std::string& bytes) {
    error_code failed;
    const std::size_t sent = asio::write(socket, asio::buffer(bytes), failed);
    const MutexLock lock(mutex_);
    bytes_sent_ += sent;
    return !failed;
  });
}

int RawUpstream::requests() const {
  const MutexLock lock(mutex_);
  return requests_;
}

std::size_t RawUpstream::bytes_sent() const {
  const MutexLock lock(mutex_);
  return bytes_sent_;
}

std::string RawUpstream::request_head() const {
  const MutexLock lock(mutex_);
  return request_head_;
}

}  // namespace balance
