#pragma once

// What a venue says on its push socket, as a state machine without time or network: messages in,
// hints and messages out.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "clients/core/error.h"

namespace balance {

// What one message of the venue means. A hint says that a figure may have changed, never which:
// nothing of a message is ever shown.
struct PushReaction {
  // Ask REST. Also what cannot be read is a hint: the venue had something to say.
  bool is_hint = false;
  // The venue has granted what was asked for, so changes from now on are told.
  bool is_ready = false;
  // Why this socket is of no use; unset: it is.
  std::optional<Error> failure = std::nullopt;
};

// How soon to connect again after the venue has closed the socket.
enum class PushReturn : std::uint8_t {
  // At once, with a fresh credential: only that had run out.
  kAtOnce,
  // After a pause that grows while connections fail.
  kBackOff,
  // After the longest pause: there are too many sockets.
  kLongest,
};

// One connection's. Thread-compatible.
class PushProtocol {
 public:
  virtual ~PushProtocol() = default;

  // To be sent when the socket is open; empty: nothing.
  virtual std::string Opening() const { return {}; }

  // To be sent now and then, so that a venue that says nothing by itself proves that it lives;
  // empty: the venue has heartbeats.
  virtual std::string KeepAlive() const { return {}; }

  // Never throws on account of `message`, which is untrusted.
  virtual PushReaction OnMessage(std::string_view message) = 0;

  // `close_code`: see WebSocket::close_code().
  virtual PushReturn OnEnd(std::optional<std::uint16_t> close_code) const {
    (void)close_code;
    return PushReturn::kBackOff;
  }
};

}  // namespace balance
