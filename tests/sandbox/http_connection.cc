#include "tests/sandbox/http_connection.h"

#include <array>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "tests/sandbox/request_reader.h"

namespace balance::sandbox {

namespace asio = boost::asio;

HttpConnection::HttpConnection(std::unique_ptr<Channel> channel, asio::any_io_executor executor,
                               HttpHandler& handler, std::uint64_t number)
    : channel_(std::move(channel)),
      timer_(std::move(executor)),
      handler_(handler),
      number_(number) {}

asio::awaitable<void> HttpConnection::Serve() {
  handler_.OnConnect();
  RequestReader reader(*channel_);
  bool open = co_await channel_->Handshake();
  for (std::uint64_t count = 1; open && !stopped_; ++count) {
    ReadResult read = co_await reader.Next();
    if (read.outcome == ReadOutcome::kEnd) break;
    if (read.outcome == ReadOutcome::kMalformed) {
      const WirePlan refusal = PlanReply(TextReply(400, "malformed request\n"));
      co_await Send(refusal);
      break;
    }
    read.call.connection = number_;
    read.call.number_on_connection = count;
    WirePlan plan = handler_.Handle(read.call);
    if (plan.socket) {
      co_await ServeSocket(read.call, std::move(plan));
      break;
    }
    open = co_await Send(plan) && read.keep_alive;
  }
  if (channel_) channel_->Close();
  handler_.OnDisconnect();
}

// Returns whether the connection may carry another request.
asio::awaitable<bool> HttpConnection::Send(const WirePlan& plan) {
  if (plan.delay > Duration::zero()) co_await Wait(plan.delay);
  if (stopped_) co_return false;
  if (plan.before_send) plan.before_send();
  bool sent = true;
  if (plan.drip > Duration::zero()) {
    sent = co_await Drip(plan);
  } else {
    const std::string bytes = plan.head + plan.body;
    if (!bytes.empty()) sent = co_await channel_->Write(bytes);
  }
  if (sent && !plan.unasked.empty()) sent = co_await SendUnasked(plan);
  if (!sent) co_return false;
  if (plan.end == WireEnd::kHang) co_await Hang();
  if (plan.end == WireEnd::kReset) channel_->Reset();
  co_return plan.end == WireEnd::kKeep;
}

asio::awaitable<void> HttpConnection::ServeSocket(const HttpCall& call, WirePlan plan) {
  if (plan.delay > Duration::zero()) co_await Wait(plan.delay);
  if (stopped_) co_return;
  if (plan.before_send) plan.before_send();
  // An open socket is no request under way.
  plan.permit.reset();
  socket_ = std::make_shared<SocketConnection>(channel_->Upgrade(), timer_.get_executor(),
                                               *plan.socket->book, call.path, plan.socket->key);
  channel_.reset();
  co_await socket_->Serve(call, plan.socket->open_session(*socket_));
}

asio::awaitable<bool> HttpConnection::Drip(const WirePlan& plan) {
  if (!co_await channel_->Write(plan.head)) co_return false;
  for (const char& byte : plan.body) {
    co_await Wait(plan.drip);
    if (stopped_ || !co_await channel_->Write(std::string_view(&byte, 1))) co_return false;
  }
  co_return true;
}

asio::awaitable<bool> HttpConnection::SendUnasked(const WirePlan& plan) {
  co_await Wait(plan.unasked_after);
  if (stopped_) co_return false;
  const bool sent = co_await channel_->Write(plan.unasked);
  if (sent && plan.unasked_sent) plan.unasked_sent();
  co_return sent;
}

asio::awaitable<void> HttpConnection::Hang() {
  std::array<char, 1024> ignored;
  while (co_await channel_->Read(ignored.data(), ignored.size()) > 0) {
  }
}

asio::awaitable<void> HttpConnection::Wait(Duration time) {
  if (stopped_) co_return;
  timer_.expires_after(time);
  boost::system::error_code ignored;
  co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

void HttpConnection::Stop() {
  stopped_ = true;
  if (channel_) channel_->Reset();
  if (socket_) socket_->Stop();
  timer_.cancel();
}

}  // namespace balance::sandbox
