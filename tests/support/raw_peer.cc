#include "tests/support/raw_peer.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <stdexcept>
#include <utility>

namespace balance {

RawPeer::RawPeer(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
    close(socket_);
    throw std::runtime_error("cannot connect to port " + std::to_string(port));
  }
  fcntl(socket_, F_SETFL, O_NONBLOCK);
}

RawPeer::RawPeer(RawPeer&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)), is_closed_(other.is_closed_) {}

RawPeer::~RawPeer() {
  if (socket_ >= 0) close(socket_);
}

std::size_t RawPeer::Send(std::string_view bytes) {
  if (is_closed_) return 0;
  const ssize_t sent = send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (sent >= 0) return static_cast<std::size_t>(sent);
  is_closed_ = errno != EAGAIN && errno != EWOULDBLOCK;
  return 0;
}

std::string RawPeer::Receive() {
  std::string all;
  std::array<char, 65536> bytes;
  for (;;) {
    const ssize_t size = recv(socket_, bytes.data(), bytes.size(), 0);
    if (size > 0) {
      all.append(bytes.data(), static_cast<std::size_t>(size));
      continue;
    }
    if (size == 0 || (errno != EAGAIN && errno != EWOULDBLOCK)) is_closed_ = true;
    return all;
  }
}

void RawPeer::EndSending() { shutdown(socket_, SHUT_WR); }

}  // namespace balance
