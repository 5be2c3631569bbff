#pragma once

// One client of the admin server: it sends one request, gets one answer, and is shown out.

#include <boost/asio/awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <chrono>
#include <optional>
#include <string>

#include "service/server/admin_page.h"

namespace balance {

struct AdminRequest {
  enum class Method { kGet, kHead, kOther };

  Method method = Method::kGet;
  // Path of the target, without the query.
  std::string path;
  // What stands behind the `?` of the target.
  std::string query;
  // All Accept headers as one list.
  std::string accept;
};

// Used on the admin server's loop only. Every call of it ends soon after Close().
class AdminConnection {
 public:
  struct Timeouts {
    // Time for the head of the request, counted from the connection.
    std::chrono::milliseconds head;
    // Time for the client to take the answer.
    std::chrono::milliseconds answer;
  };
  static constexpr std::size_t kMostHeadBytes = std::size_t{8} * 1024;

  AdminConnection(boost::asio::ip::tcp::socket socket, Timeouts timeouts);

  // Reads the request. nullopt if none came in time; if what came is no request, or too long for
  // one, the client has been told.
  boost::asio::awaitable<std::optional<AdminRequest>> Read();

  // Sends the answer, for HEAD without its body, and reads no other request: the client is told
  // that the connection ends here. `allow` is a header for 405, else null.
  boost::asio::awaitable<void> Write(AdminRequest::Method method, const AdminAnswer& answer,
                                     const char* allow);

  // Closes the socket at once; whatever else is under way fails.
  void Close();

 private:
  boost::asio::awaitable<void> Linger();

  const Timeouts timeouts_;
  boost::beast::tcp_stream stream_;
  boost::beast::flat_buffer buffer_{kMostHeadBytes};
  boost::beast::http::request_parser<boost::beast::http::empty_body> parser_;
};

}  // namespace balance
