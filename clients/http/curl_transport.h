#pragma once

// HttpTransport over libcurl, driven by an event loop: HTTP/1.1 with keep-alive, verified TLS, no
// redirects, no proxy, no cookies, no environment.
//
// A request is written only to a connection on which nothing waits to be read: what is there was
// not asked for, and libcurl 7.88 would take it for the answer. Such a connection is closed and
// counted, and the request, still unsent, goes over a new one. Connections belong to one login each
// (ConnectionPool). An upstream that sends a whole answer between getting a request and answering
// it cannot be told apart from one that answers.

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "clients/core/connection_limits.h"
#include "clients/core/connection_observer.h"
#include "clients/http/http_transport.h"

namespace balance {

struct HttpTransportStats {
  std::uint64_t requests = 0;
  // Connections made; the other requests reused one.
  std::uint64_t new_connections = 0;
  // Number of sockets that are open now, those of idle connections included.
  std::uint64_t open_sockets = 0;
};

// Used on its loop's thread only. REQUIRES: a CurlGlobal lives longer. A Send() that is cancelled
// ends with operation_aborted, and its transfer is gone; so does one that is under way when the
// transport dies.
class CurlTransport final : public HttpTransport {
 public:
  struct Options {
    // Sent with every request. Some edges refuse default ones.
    std::string user_agent;
    // Most bytes of a decoded body.
    std::size_t max_body_bytes = std::size_t{4} * 1024 * 1024;
    // A connection without a request for longer than this is closed: balancers close idle ones
    // without a word.
    std::chrono::seconds max_idle = std::chrono::seconds(25);
    // Limits of the connections. Requests beyond them wait inside libcurl, where what is signed
    // ages.
    ConnectionLimits limits = {};
    // May be null; else outlives the transport.
    ConnectionObserver* observer = nullptr;
  };

  CurlTransport(boost::asio::io_context& loop, Options options);
  CurlTransport(const CurlTransport&) = delete;
  CurlTransport& operator=(const CurlTransport&) = delete;
  ~CurlTransport() override;

  boost::asio::awaitable<Result<HttpResponse>> Send(HttpRequest request) override;

  void CloseIdleConnections() override;
  void RenewConnections() override;

  HttpTransportStats stats() const;

 private:
  struct State;
  class Connection;

  const Options options_;
  const std::shared_ptr<State> state_;
};

}  // namespace balance
