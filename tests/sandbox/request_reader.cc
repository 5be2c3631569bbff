#include "tests/sandbox/request_reader.h"

#include <array>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <utility>

namespace balance::sandbox {
namespace {

namespace http = boost::beast::http;
using Parser = http::request_parser<http::string_body>;

constexpr std::uint64_t kMaxBody = std::uint64_t{1} << 20;

ReadResult Convert(Parser& parser) {
  auto request = parser.release();
  ReadResult result;
  result.outcome = ReadOutcome::kRequest;
  result.keep_alive = request.keep_alive();
  result.call.method = std::string(request.method_string());
  const std::string target(request.target());
  const auto question = target.find('?');
  result.call.path = target.substr(0, question);
  if (question != std::string::npos) result.call.query = target.substr(question + 1);
  for (const auto& field : request) {
    result.call.headers.push_back({std::string(field.name_string()), std::string(field.value())});
  }
  result.call.body = std::move(request.body());
  return result;
}

}  // namespace

boost::asio::awaitable<ReadResult> RequestReader::Next() {
  Parser parser;
  parser.eager(true);
  parser.body_limit(kMaxBody);
  std::array<char, 8192> buffer;
  while (true) {
    if (!pending_.empty()) {
      boost::system::error_code error;
      const std::size_t used = parser.put(boost::asio::buffer(pending_), error);
      pending_.erase(0, used);
      if (error && error != http::error::need_more) {
        co_return ReadResult{ReadOutcome::kMalformed, {}, false};
      }
      if (parser.is_done()) co_return Convert(parser);
    }
    const std::size_t read = co_await channel_.Read(buffer.data(), buffer.size());
    if (read == 0) co_return ReadResult{};
    pending_.append(buffer.data(), read);
  }
}

}  // namespace balance::sandbox
