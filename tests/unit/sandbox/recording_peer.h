#pragma once

// A socket without a wire: keeps what a session says.

#include <cstdint>
#include <string>
#include <vector>

#include "tests/sandbox/http_message.h"
#include "tests/sandbox/socket_session.h"

namespace balance::sandbox {

class RecordingPeer final : public SocketPeer {
 public:
  void Send(std::string message) override { sent.push_back(std::move(message)); }
  void Close(std::uint16_t code, std::string reason) override {
    close_code = code;
    close_reason = std::move(reason);
  }

  std::vector<std::string> sent;
  int close_code = 0;
  std::string close_reason;
};

// The headers by which a client asks for a WebSocket.
inline std::vector<Header> UpgradeHeaders() {
  return {{"Connection", "Upgrade"},
          {"Upgrade", "websocket"},
          {"Sec-WebSocket-Version", "13"},
          {"Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA=="}};
}

}  // namespace balance::sandbox
