#include "service/server/admin_connection.h"

#include <algorithm>
#include <array>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/span_body.hpp>
#include <boost/beast/http/write.hpp>
#include <string_view>
#include <tuple>
#include <utility>

namespace balance {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;

// Most bytes that a client may still send after its request and read the answer to the end.
constexpr std::size_t kMostUnread = std::size_t{64} * 1024;

// The path, then the query, of a target such as `/path?query` or `http://host/path?query`.
std::pair<std::string, std::string> SplitTarget(std::string_view target) {
  if (const auto scheme = target.find("://");
      !target.starts_with('/') && scheme != std::string_view::npos) {
    target.remove_prefix(scheme + 3);
    target.remove_prefix(std::min(target.find('/'), target.size()));
  }
  target = target.substr(0, target.find('#'));
  const auto mark = std::min(target.find('?'), target.size());
  return {std::string(target.substr(0, mark)),
          std::string(target.substr(std::min(mark + 1, target.size())))};
}

std::string AcceptOf(const http::request_header<>& head) {
  std::string all;
  const auto [begin, end] = head.equal_range(http::field::accept);
  for (auto field = begin; field != end; ++field) {
    if (!all.empty()) all += ',';
    all.append(field->value().data(), field->value().size());
  }
  return all;
}

AdminRequest::Method MethodOf(http::verb verb) {
  return verb == http::verb::get    ? AdminRequest::Method::kGet
         : verb == http::verb::head ? AdminRequest::Method::kHead
                                    : AdminRequest::Method::kOther;
}

// Answer to a request that could not be read; nullopt if nobody is there to get it.
std::optional<AdminAnswer> Complaint(const error_code& error) {
  if (error == http::error::header_limit || error == http::error::buffer_overflow) {
    return TextAnswer(431, "the head of the request is too long");
  }
  const bool is_malformed = error.category() == make_error_code(http::error::bad_method).category();
  if (!is_malformed || error == http::error::end_of_stream ||
      error == http::error::partial_message) {
    return std::nullopt;
  }
  return TextAnswer(400, "this is not an HTTP/1 request");
}

}  // namespace

AdminConnection::AdminConnection(asio::ip::tcp::socket socket, Timeouts timeouts)
    : timeouts_(timeouts), stream_(std::move(socket)) {
  parser_.header_limit(kMostHeadBytes);
}

asio::awaitable<std::optional<AdminRequest>> AdminConnection::Read() {
  error_code error;
  stream_.expires_after(timeouts_.head);
  co_await http::async_read_header(stream_, buffer_, parser_,
                                   asio::redirect_error(asio::use_awaitable, error));
  if (!error) {
    const auto& head = parser_.get();
    AdminRequest request;
    request.method = MethodOf(head.method());
    std::tie(request.path, request.query) =
        SplitTarget({head.target().data(), head.target().size()});
    request.accept = AcceptOf(head);
    co_return request;
  }
  if (const auto complaint = Complaint(error)) {
    co_await Write(AdminRequest::Method::kGet, *complaint, nullptr);
  }
  co_return std::nullopt;
}

asio::awaitable<void> AdminConnection::Write(AdminRequest::Method method, const AdminAnswer& answer,
                                             const char* allow) {
  const bool has_body = method != AdminRequest::Method::kHead;
  http::response<http::span_body<const char>> response;
  response.version(11);
  response.result(answer.status);
  response.set(http::field::content_type, answer.content_type);
  response.content_length(answer.body.size());
  response.set(http::field::cache_control, "no-store");
  response.set(http::field::connection, "close");
  if (allow) response.set(http::field::allow, allow);
  for (const auto& [name, value] : answer.headers) response.set(name, value);
  if (has_body) response.body() = {answer.body.data(), answer.body.size()};
  error_code error;
  stream_.expires_after(timeouts_.answer);
  co_await http::async_write(stream_, response, asio::redirect_error(asio::use_awaitable, error));
  if (!error && (buffer_.size() > 0 || !parser_.is_done())) co_await Linger();
}

// A socket that is closed with bytes unread resets the connection, and the client may lose the
// answer.
asio::awaitable<void> AdminConnection::Linger() {
  error_code error;
  stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, error);
  stream_.expires_after(timeouts_.head);
  std::array<char, 1024> unread;
  for (std::size_t total = 0; !error && total < kMostUnread;) {
    total += co_await stream_.async_read_some(asio::buffer(unread),
                                              asio::redirect_error(asio::use_awaitable, error));
  }
}

void AdminConnection::Close() { stream_.close(); }

}  // namespace balance
