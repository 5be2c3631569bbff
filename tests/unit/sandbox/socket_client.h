#pragma once

// A client that shows what really came over the wire, faults included.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tests/sandbox/http_message.h"

namespace balance::sandbox {

enum class Ending : std::uint8_t {
  // The answer has all the bytes that its Content-Length announces.
  kComplete,
  // FIN or RST before that.
  kClosed,
  kReset,
  // Nothing more within the patience.
  kSilence,
};

struct Exchange {
  Ending ending = Ending::kSilence;
  // 0 without a status line.
  int status = 0;
  std::string head;
  std::string body;
};

// One connection. Fails the running test if it cannot connect.
class SocketClient {
 public:
  explicit SocketClient(std::uint16_t port);
  SocketClient(const SocketClient&) = delete;
  SocketClient& operator=(const SocketClient&) = delete;
  ~SocketClient();

  // False if a connection to `port` is refused.
  static bool CanConnect(std::uint16_t port);

  Exchange Get(const std::string& target, const std::vector<Header>& headers = {});
  Exchange Send(const std::string& method, const std::string& target, const std::string& body,
                const std::vector<Header>& headers = {});
  // How long Get() and Send() wait for the next byte; 10 s at first.
  void SetPatience(int milliseconds);

 private:
  Exchange Receive();

  const int socket_;
  // Bytes that came after the last answer.
  std::string received_;
};

}  // namespace balance::sandbox
