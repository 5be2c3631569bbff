#pragma once

// What goes on the wire in answer to one request, byte for byte.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "clients/core/clock.h"
#include "tests/sandbox/fault.h"
#include "tests/sandbox/http_message.h"
#include "tests/sandbox/socket_book.h"
#include "tests/sandbox/socket_session.h"

namespace balance::sandbox {

// What happens to the connection after the last byte.
enum class WireEnd : std::uint8_t { kKeep, kClose, kReset, kHang };

// The WebSocket that a request is answered with.
struct SocketPlan {
  SocketBook* book = nullptr;
  // See RequestRecord::key.
  std::string key;
  std::function<std::unique_ptr<SocketSession>(SocketPeer&)> open_session;
};

struct WirePlan {
  // Before the first byte.
  Duration delay{};
  std::string head;
  std::string body;
  // Before each byte of the body; zero: the body goes with the head.
  Duration drip{};
  WireEnd end = WireEnd::kKeep;
  // Of the HTTP answer; 0: there is none.
  int status = 0;
  // Takes the place of head and body, and ends the connection's life as HTTP.
  std::optional<SocketPlan> socket;
  // Runs between the delay and the first byte; may be empty.
  std::function<void()> before_send;
  // An answer to no request, sent `unasked_after` the last byte of the body; empty: none. What the
  // client asks meanwhile is answered after it.
  std::string unasked;
  Duration unasked_after{};
  // Runs once the unasked answer lies at the client's; may be empty.
  std::function<void()> unasked_sent;
  // Freed when the request is over, whatever became of it.
  std::shared_ptr<void> permit;
};

// A complete and correct answer.
WirePlan PlanReply(const HttpReply& reply);

// `answer` is what a fault with status 0 damages or, for kPass, lets through. REQUIRES: Date and
// the like are in `answer` and in the fault's headers already.
WirePlan PlanFault(const Fault& fault, const HttpReply& answer);

}  // namespace balance::sandbox
