#pragma once

// HTTP that a test answers from a list, without a network.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "clients/http/http_transport.h"

namespace balance {

// Used on one thread. Sending without an answer left is kUnreachable.
class FakeTransport final : public HttpTransport {
 public:
  boost::asio::awaitable<Result<HttpResponse>> Send(HttpRequest request) override {
    requests_.push_back(std::move(request));
    if (on_send_) on_send_();
    if (answers_.empty()) co_return Fail(ErrorKind::kUnreachable, "The test has no answer.");
    Result<HttpResponse> answer = std::move(answers_.front());
    answers_.pop_front();
    co_return answer;
  }

  void AnswerWith(int status, std::string body, std::vector<HttpHeader> headers = {}) {
    answers_.push_back(HttpResponse{status, std::move(headers), std::move(body)});
  }
  void FailWith(ErrorKind kind) { answers_.push_back(Fail(kind, "As the test wishes.")); }

  // Runs while a request is under way.
  void OnSend(std::function<void()> action) { on_send_ = std::move(action); }

  const std::vector<HttpRequest>& requests() const { return requests_; }

 private:
  std::vector<HttpRequest> requests_;
  std::deque<Result<HttpResponse>> answers_;
  std::function<void()> on_send_;
};

// Value of the header of exactly that name; empty if there is none.
inline std::string HeaderOf(const HttpRequest& request, std::string_view name) {
  for (const HttpHeader& header : request.headers) {
    if (header.name == name) return header.value;
  }
  return {};
}

// Runs `work`, which waits for nothing but what the test supplies, to its end.
template <typename T>
T RunToEnd(boost::asio::awaitable<T> work) {
  boost::asio::io_context loop;
  std::optional<T> result;
  boost::asio::co_spawn(
      loop, [&]() -> boost::asio::awaitable<void> { result = co_await std::move(work); },
      boost::asio::detached);
  loop.run();
  return *std::move(result);
}

}  // namespace balance
