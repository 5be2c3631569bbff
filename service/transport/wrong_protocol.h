#pragma once

// Answers to those who speak something other than the port does, in words for the person who reads
// them with curl or a browser.

#include <string_view>

namespace balance {

// To a peer that does not speak HTTP/2.
inline constexpr std::string_view kNotHttp2 =
    "HTTP/1.1 400 Bad Request\r\n"
    "Content-Type: text/plain; charset=utf-8\r\n"
    "Connection: close\r\n"
    "\r\n"
    "This port speaks gRPC over HTTP/2. Use grpcurl or balancectl; metrics and health checks over "
    "HTTP/1.1 are on the admin port.\n";

// To a peer that speaks HTTP without TLS where TLS is expected.
inline constexpr std::string_view kNotTls =
    "HTTP/1.1 400 Bad Request\r\n"
    "Content-Type: text/plain; charset=utf-8\r\n"
    "Connection: close\r\n"
    "\r\n"
    "This port speaks gRPC over TLS. Use grpcurl or balancectl with TLS.\n";

}  // namespace balance
