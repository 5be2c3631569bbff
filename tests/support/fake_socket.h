#pragma once

// WebSockets that a test plays the venue of, without a network.

#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "clients/http/web_socket.h"

namespace balance {

// The venue's end of one socket. Used on one thread.
class FakeSocketPeer {
 public:
  explicit FakeSocketPeer(boost::asio::io_context& loop)
      : news_(loop, boost::asio::steady_timer::time_point::max()) {}

  void Say(std::string message) {
    incoming_.push_back(std::move(message));
    news_.cancel();
  }
  // With a close frame of that code; 0: without one.
  void End(std::uint16_t code) {
    if (code != 0) close_code_ = code;
    is_over_ = true;
    news_.cancel();
  }

  const std::vector<std::string>& heard() const { return heard_; }
  bool is_over() const { return is_over_; }
  // Whether leave was taken by a close frame.
  bool was_left() const { return was_left_; }

 private:
  friend class FakeSocket;

  boost::asio::steady_timer news_;
  std::deque<std::string> incoming_;
  std::vector<std::string> heard_;
  std::optional<std::uint16_t> close_code_;
  bool is_over_ = false;
  bool was_left_ = false;
};

class FakeSocket final : public WebSocket {
 public:
  explicit FakeSocket(std::shared_ptr<FakeSocketPeer> peer) : peer_(std::move(peer)) {}
  ~FakeSocket() override { Abort(); }

  boost::asio::awaitable<Result<std::string>> Receive() override {
    const auto peer = peer_;
    while (peer->incoming_.empty() && !peer->is_over_) {
      boost::system::error_code ignored;
      co_await peer->news_.async_wait(
          boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
    }
    if (peer->incoming_.empty()) co_return Fail(ErrorKind::kUnreachable, "the socket is over");
    std::string message = std::move(peer->incoming_.front());
    peer->incoming_.pop_front();
    co_return message;
  }

  boost::asio::awaitable<Result<void>> Send(std::string message) override {
    if (peer_->is_over_) co_return Fail(ErrorKind::kUnreachable, "the socket is over");
    peer_->heard_.push_back(std::move(message));
    co_return Result<void>();
  }

  void Abort() override {
    peer_->is_over_ = true;
    peer_->news_.cancel();
  }

  boost::asio::awaitable<void> Close() override {
    peer_->was_left_ = true;
    Abort();
    co_return;
  }

  std::optional<std::uint16_t> close_code() const override { return peer_->close_code_; }

 private:
  const std::shared_ptr<FakeSocketPeer> peer_;
};

// Grants every upgrade that the test has not decided otherwise. Used on one thread.
class FakeConnector final : public WebSocketConnector {
 public:
  explicit FakeConnector(boost::asio::io_context& loop) : loop_(loop) {}

  boost::asio::awaitable<Result<WebSocketAnswer>> Open(WebSocketRequest request) override {
    requests.push_back(std::move(request));
    WebSocketAnswer answer;
    if (!refusals_.empty()) {
      const int status = refusals_.front();
      refusals_.pop_front();
      if (status == 0) co_return Fail(ErrorKind::kUnreachable, "no connection could be made");
      answer.refusal.status = status;
    } else {
      peers.push_back(std::make_shared<FakeSocketPeer>(loop_));
      answer.socket = std::make_unique<FakeSocket>(peers.back());
    }
    co_return answer;
  }

  // Of the next upgrade, behind those refused already. 0: there is no answer.
  void RefuseWith(int status) { refusals_.push_back(status); }

  void RenewTrust() override { ++renewals; }

  std::vector<WebSocketRequest> requests;
  int renewals = 0;
  // Of the upgrades that were granted.
  std::vector<std::shared_ptr<FakeSocketPeer>> peers;

 private:
  boost::asio::io_context& loop_;
  std::deque<int> refusals_;
};

}  // namespace balance
