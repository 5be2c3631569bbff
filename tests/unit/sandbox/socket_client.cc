#include "tests/unit/sandbox/socket_client.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>

namespace balance::sandbox {
namespace {

int Connect(std::uint16_t port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
    return socket;
  }
  close(socket);
  return -1;
}

// Splits what was received into the parts of `exchange`. Once the body is complete, takes them away
// and returns true.
bool Take(std::string& received, Exchange& exchange) {
  const auto end = received.find("\r\n\r\n");
  if (end == std::string::npos) return false;
  exchange.head = received.substr(0, end + 2);
  exchange.body = received.substr(end + 4);
  if (exchange.head.starts_with("HTTP/1.1 ")) {
    exchange.status = std::atoi(exchange.head.c_str() + sizeof "HTTP/1.1");
  }
  const auto length = exchange.head.find("Content-Length: ");
  if (length == std::string::npos) return false;
  const std::size_t size =
      std::strtoul(exchange.head.c_str() + length + sizeof "Content-Length:", nullptr, 10);
  if (exchange.body.size() < size) return false;
  exchange.body.resize(size);
  received.erase(0, end + 4 + size);
  return true;
}

}  // namespace

SocketClient::SocketClient(std::uint16_t port) : socket_(Connect(port)) {
  EXPECT_GE(socket_, 0) << "cannot connect";
  SetPatience(10'000);
}

SocketClient::~SocketClient() { close(socket_); }

bool SocketClient::CanConnect(std::uint16_t port) {
  const int socket = Connect(port);
  if (socket >= 0) close(socket);
  return socket >= 0;
}

void SocketClient::SetPatience(int milliseconds) {
  const timeval patience{milliseconds / 1000, milliseconds % 1000 * 1000};
  setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
}

Exchange SocketClient::Get(const std::string& target, const std::vector<Header>& headers) {
  return Send("GET", target, "", headers);
}

Exchange SocketClient::Send(const std::string& method, const std::string& target,
                            const std::string& body, const std::vector<Header>& headers) {
  std::string text = method + " " + target + " HTTP/1.1\r\nHost: localhost\r\n";
  for (const Header& header : headers) text += header.name + ": " + header.value + "\r\n";
  text += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
  return Receive();
}

Exchange SocketClient::Receive() {
  Exchange exchange;
  std::array<char, 4096> buffer;
  while (!Take(received_, exchange)) {
    const ssize_t count = recv(socket_, buffer.data(), buffer.size(), 0);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      exchange.ending = count == 0            ? Ending::kClosed
                        : errno == ECONNRESET ? Ending::kReset
                                              : Ending::kSilence;
      return exchange;
    }
    received_.append(buffer.data(), static_cast<std::size_t>(count));
  }
  exchange.ending = Ending::kComplete;
  return exchange;
}

}  // namespace balance::sandbox
