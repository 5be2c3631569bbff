#pragma once

// The port through which a venue's client speaks HTTP. Any HTTP status is a value; an Error means
// that there was no complete answer.

#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "clients/core/clock.h"
#include "clients/core/result.h"
#include "clients/core/source_info.h"

namespace balance {

struct HttpHeader {
  std::string name;
  std::string value;
};

// A request, which never changes an account upstream.
struct HttpRequest {
  enum class Method : std::uint8_t {
    // GET without a body.
    kGet,
    // POST with an empty JSON object as body, for values that a venue issues on request.
    kPost,
  };

  // Absolute URL, http or https.
  std::string url;
  // Sent as they are. A value with a control character fails the request unsent.
  std::vector<HttpHeader> headers;
  // Longest time for the whole exchange, name resolution and TLS included. Must be positive.
  Duration timeout{};
  // Path of a PEM file with CAs to trust beside the system's. Empty: the system's only.
  std::string ca_file = {};
  // Number of the login that sends the request: one for each credential. A connection is used for
  // one login as long as there is room for each to have its own (ConnectionPool).
  std::uint64_t login = 0;
  // The venue that is asked, for those who are told of its connections.
  SourceKind kind{};
  Method method = Method::kGet;
};

struct HttpResponse {
  int status = 0;
  // Headers in the order received, with their names as sent.
  std::vector<HttpHeader> headers;
  // The decoded body, complete and within the transport's limit.
  std::string body;

  // Value of the first header of that name (case-insensitive), trimmed; empty if there is none.
  std::string_view Header(std::string_view name) const;
  // Values of all headers of that name as one list with commas (RFC 9110, 5.3); nullopt if there is
  // no such header.
  std::optional<std::string> HeaderList(std::string_view name) const;
};

// Used on its loop's thread only.
class HttpTransport {
 public:
  virtual ~HttpTransport() = default;

  // Sends at once and once: whatever is signed in `request` does not age in a queue here and is not
  // used again. Follows no redirect. Error kinds: kUnreachable (refused, reset, unresolved, TLS,
  // timed out, cut body; is_connect_failure if the request was never written, is_held_up if this
  // process did not run meanwhile), kReplyInvalid (a body over the limit), kInvalidInput (the
  // request cannot be sent as it is).
  virtual boost::asio::awaitable<Result<HttpResponse>> Send(HttpRequest request) = 0;

  // Closes the connections that have been idle for too long or that the upstream has closed. To be
  // called every few seconds.
  virtual void CloseIdleConnections() {}

  // Requests that are sent from now on go over new connections, for which the upstream's
  // certificate is verified by the CAs as they are then.
  virtual void RenewConnections() {}
};

}  // namespace balance
