#pragma once

// The venue's side of one WebSocket, apart from the wire.

#include <cstdint>
#include <string>
#include <string_view>

#include "clients/core/clock.h"

namespace balance::sandbox {

// What a session may do to its socket. Used on the sandbox's loop only.
class SocketPeer {
 public:
  // Queues a text message. Nothing is sent any more once the socket is told to be silent or closed.
  virtual void Send(std::string message) = 0;
  // Queues a close frame.
  virtual void Close(std::uint16_t code, std::string reason) = 0;

 protected:
  ~SocketPeer() = default;
};

// Lives as long as its socket. Used on the sandbox's loop only.
class SocketSession {
 public:
  virtual ~SocketSession() = default;

  // Called once, when the upgrade has been answered.
  virtual void OnOpen() {}
  virtual void OnMessage(std::string_view message) = 0;

  // Interval of OnHeartbeat(); zero: never. Read when the socket opens.
  virtual Duration heartbeat_interval() const { return Duration::zero(); }
  virtual void OnHeartbeat() {}

  // A message as the venue sends it when something happened, though nothing did: what floods are
  // made of.
  virtual std::string Update() = 0;
};

}  // namespace balance::sandbox
