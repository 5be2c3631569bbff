#pragma once

// One scripted misbehaviour of a side's open WebSocket. What refuses the upgrade is a Fault.

#include <cstdint>
#include <string>

#include "clients/core/clock.h"
#include "tests/sandbox/http_message.h"

namespace balance::sandbox {

enum class SocketFaultKind : std::uint8_t {
  // Nothing is sent any more: no heartbeat, no update, no answer. Pings are answered.
  kSilence,
  // As kSilence, and nothing is read either: pings go unanswered.
  kFreeze,
  // `body` as a text message, `frames` times. The socket goes on.
  kText,
  // The same as binary messages.
  kBinary,
  // `body` verbatim instead of a frame.
  kRaw,
  // `frames` updates that say nothing new, as fast as they go.
  kFlood,
  // A close frame with `code` and `reason`.
  kClose,
  // FIN without a close frame.
  kDrop,
  // RST.
  kReset,
};

struct SocketFault {
  SocketFaultKind kind = SocketFaultKind::kClose;
  std::string body;
  // The body is filled up with blanks to this many bytes.
  int size = 0;
  int frames = 1;
  int code = 1000;
  std::string reason;
  // Counted from the socket's opening, or from the command for a socket that is open already.
  Duration delay = {};
  // Number of sockets to come that it meets; 0: all, until cleared.
  int count = 1;
  // Only sockets of this path, of this key (see RequestRecord::key).
  std::string path;
  std::string key;
};

}  // namespace balance::sandbox
