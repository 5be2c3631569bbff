#pragma once

// HttpTransport over libcurl, driven by an event loop: HTTP/1.1 with keep-alive, verified TLS, no
// redirects, no proxy, no cookies, no environment.

#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "clients/http/http_transport.h"

namespace balance {

struct HttpTransportStats {
  std::uint64_t requests = 0;
  // Connections made; the other requests reused one.
  std::uint64_t new_connections = 0;
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
    std::size_t max_body_bytes = 4 * 1024 * 1024;
  };

  CurlTransport(boost::asio::io_context& loop, Options options);
  CurlTransport(const CurlTransport&) = delete;
  CurlTransport& operator=(const CurlTransport&) = delete;
  ~CurlTransport() override;

  boost::asio::awaitable<Result<HttpResponse>> Send(HttpRequest request) override;

  const HttpTransportStats& stats() const;

 private:
  struct State;

  const Options options_;
  const std::shared_ptr<State> state_;
};

}  // namespace balance
