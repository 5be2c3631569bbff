#pragma once

// The protocol of a venue's push socket, as a state machine without time or network: messages come
// in, hints and messages go out.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "clients/core/error.h"

namespace balance {

// Meaning of one message of the venue. A hint says that a figure may have changed, but never which:
// nothing of a message is ever shown.
struct PushReaction {
  // True if the source should be read by REST. A message that cannot be read is a hint, too: the
  // venue had something to say.
  bool is_hint = false;
  // The venue has granted what was asked for, so changes from now on are told.
  bool is_ready = false;
  // The reason to give the socket up; unset if it may stay.
  std::optional<Error> failure = std::nullopt;
};

// Time after which to connect again once the venue has closed the socket.
enum class PushReturn : std::uint8_t {
  // At once, with a fresh credential: only the old one had run out.
  kAtOnce,
  // After a pause that grows while connections fail.
  kBackOff,
  // After the longest pause: there are too many sockets.
  kLongest,
};

// The protocol's state on one connection. Thread-compatible.
class PushProtocol {
 public:
  virtual ~PushProtocol() = default;

  // Message to send when the socket is open; empty: none.
  virtual std::string Opening() const { return {}; }

  // Message to send now and then, so that a venue that says nothing by itself proves that it lives;
  // empty if the venue has heartbeats.
  virtual std::string KeepAlive() const { return {}; }

  // Takes a message of the venue. Never throws on account of `message`, which is untrusted.
  virtual PushReaction OnMessage(std::string_view message) = 0;

  // Called when the socket has ended. `close_code`: see WebSocket::close_code().
  virtual PushReturn OnEnd(std::optional<std::uint16_t> close_code) const {
    (void)close_code;
    return PushReturn::kBackOff;
  }
};

}  // namespace balance
