#pragma once

// The port through which a push feed holds a WebSocket to its venue. Text messages of bounded size
// in and out; who speaks the protocol inside them is the venue's own business.

#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "clients/core/clock.h"
#include "clients/core/result.h"
#include "clients/core/secret.h"
#include "clients/http/base_url.h"
#include "clients/http/http_transport.h"

namespace balance {

// Most bytes of one message.
inline constexpr std::size_t kMaxSocketMessage = std::size_t{1} << 20;

struct WebSocketRequest {
  // Address of the venue; TLS, verified, where the scheme is https.
  BaseUrl server;
  // "/..." with the prefix of `server`, and a query where there is one. Maybe a secret: it is never
  // logged, and wiped when the request is over.
  std::string target;
  // Sent with the upgrade as they are. A value with a control character fails the request unsent.
  std::vector<HttpHeader> headers;
  // Longest time for name resolution, TCP, TLS and the upgrade together. Must be positive.
  Duration timeout{};
  // Path of a PEM file with CAs to trust beside the system's. Empty: the system's only.
  std::string ca_file = {};
};

// Wipes what may be secret of a request when it goes out of scope: when the request is over,
// however it ends.
class WipedAtEnd {
 public:
  // `request` must outlive it.
  explicit WipedAtEnd(WebSocketRequest& request) : request_(request) {}
  WipedAtEnd(const WipedAtEnd&) = delete;
  WipedAtEnd& operator=(const WipedAtEnd&) = delete;
  ~WipedAtEnd() {
    Wipe(request_.target);
    for (HttpHeader& header : request_.headers) Wipe(header.value);
  }

 private:
  WebSocketRequest& request_;
};

// Used on its loop's thread only. Destruction ends the connection without a close frame.
class WebSocket {
 public:
  virtual ~WebSocket() = default;

  // The next message. Pings are answered meanwhile. Fails once the socket is over: kReplyInvalid
  // for a message over the limit, else kUnreachable, and may_be_configuration if the venue's
  // certificate has expired or the CAs do not vouch for it any more. At most one may be under way.
  virtual boost::asio::awaitable<Result<std::string>> Receive() = 0;

  // Fails with kUnreachable if the socket is over. At most one may be under way.
  virtual boost::asio::awaitable<Result<void>> Send(std::string message) = 0;

  // Ends the socket, and with it what is under way, without a close frame. May be repeated.
  virtual void Abort() = 0;

  // Takes leave of the venue by a close frame. A Receive() that is under way ends when the venue
  // has answered, which may be never: Abort() ends it too. To be called once.
  virtual boost::asio::awaitable<void> Close() = 0;

  // Code of the venue's close frame (1005 if it had none); unset if there was no such frame.
  virtual std::optional<std::uint16_t> close_code() const = 0;
};

// The venue's answer to the request for an upgrade.
struct WebSocketAnswer {
  // Null if the upgrade was refused.
  std::unique_ptr<WebSocket> socket;
  // The answer that refused it.
  HttpResponse refusal = {};
};

// Used on its loop's thread only.
class WebSocketConnector {
 public:
  virtual ~WebSocketConnector() = default;

  // Connects and asks for the upgrade, once. Any HTTP status is a value. Error kinds: kUnreachable
  // (refused, reset, unresolved, TLS, timed out, an answer that is no WebSocket's) and
  // kInvalidInput (the request cannot be sent as it is).
  virtual boost::asio::awaitable<Result<WebSocketAnswer>> Open(WebSocketRequest request) = 0;

  // Called when the CAs may have changed: they are read again, and sockets whose venue they do not
  // vouch for any more end soon.
  virtual void RenewTrust() {}
};

}  // namespace balance
