#include "tests/sandbox/socket_connection.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "tests/sandbox/socket_book.h"

namespace balance::sandbox {

namespace asio = boost::asio;

namespace {

constexpr auto kPatienceToClose = std::chrono::seconds(5);

}  // namespace

SocketConnection::SocketConnection(std::unique_ptr<WebSocket> socket,
                                   asio::any_io_executor executor, SocketBook& book,
                                   std::string path, std::string key)
    : socket_(std::move(socket)),
      executor_(std::move(executor)),
      book_(book),
      path_(std::move(path)),
      key_(std::move(key)),
      heartbeat_(executor_),
      thaw_(executor_),
      written_(executor_),
      closing_(executor_) {
  socket_->ObservePings([this] { book_.OnPing(); });
}

asio::awaitable<void> SocketConnection::Serve(const HttpCall& upgrade,
                                              std::unique_ptr<SocketSession> session) {
  const auto self = shared_from_this();
  session_ = std::move(session);
  // Before the answer: a client that has it finds the socket counted, and faults find it.
  book_.OnOpen(*this);
  if (co_await socket_->Accept(upgrade) && !ended_) {
    is_open_ = true;
    for (const SocketFault& fault : std::exchange(early_faults_, {})) ActNow(fault);
    session_->OnOpen();
    ArmHeartbeat(session_->heartbeat_interval());
    co_await ReadAll();
  }
  book_.OnEnd(*this, socket_->peer_close_code());
  End();
  // The session leaves its venue now: what still writes needs it no more.
  session_.reset();
  // Whoever stops the connection must still find it.
  while (writing_) co_await WaitFor(written_);
}

asio::awaitable<void> SocketConnection::WaitFor(asio::steady_timer& event) {
  event.expires_at(asio::steady_timer::time_point::max());
  boost::system::error_code ignored;
  co_await event.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

asio::awaitable<void> SocketConnection::ReadAll() {
  while (!ended_) {
    if (frozen_) {
      co_await WaitFor(thaw_);
      continue;
    }
    const std::optional<std::string> message = co_await socket_->Read();
    if (!message) break;
    book_.OnMessage();
    if (!frozen_) session_->OnMessage(*message);
  }
}

void SocketConnection::ArmHeartbeat(Duration interval) {
  if (interval <= Duration::zero()) return;
  heartbeat_.expires_after(interval);
  heartbeat_.async_wait(
      [self = shared_from_this(), interval](const boost::system::error_code& error) {
        if (error || self->ended_) return;
        self->session_->OnHeartbeat();
        self->ArmHeartbeat(interval);
      });
}

void SocketConnection::Act(SocketFault fault) {
  if (fault.delay <= Duration::zero()) return ActNow(fault);
  auto& timer = *delayed_.emplace_back(std::make_unique<asio::steady_timer>(executor_));
  timer.expires_after(fault.delay);
  timer.async_wait([self = shared_from_this(),
                    fault = std::move(fault)](const boost::system::error_code& error) {
    if (!error) self->ActNow(fault);
  });
}

void SocketConnection::ActNow(const SocketFault& fault) {
  if (ended_) return;
  if (!is_open_) {
    early_faults_.push_back(fault);
    return;
  }
  std::string body = fault.body;
  body.resize(std::max(body.size(), static_cast<std::size_t>(std::max(fault.size, 0))), ' ');
  switch (fault.kind) {
    case SocketFaultKind::kFreeze:
      frozen_ = true;
      [[fallthrough]];
    case SocketFaultKind::kSilence:
      silent_ = true;
      // What ends the socket stands.
      std::erase_if(queue_, [](const Item& item) { return item.step < WireStep::kDrop; });
      break;
    case SocketFaultKind::kText:
    case SocketFaultKind::kBinary:
      for (int i = 0; i < fault.frames; ++i) {
        Queue(
            {fault.kind == SocketFaultKind::kText ? WireStep::kText : WireStep::kBinary, body, {}});
      }
      break;
    case SocketFaultKind::kRaw:
      Queue({WireStep::kRaw, body, {}});
      break;
    case SocketFaultKind::kFlood:
      for (int i = 0; i < fault.frames; ++i) Queue({WireStep::kText, session_->Update(), {}});
      break;
    case SocketFaultKind::kClose:
      Queue({WireStep::kClose, {}, {static_cast<std::uint16_t>(fault.code), fault.reason}});
      break;
    case SocketFaultKind::kDrop:
      Queue({WireStep::kDrop, {}, {}});
      break;
    case SocketFaultKind::kReset:
      Queue({WireStep::kReset, {}, {}});
      break;
  }
}

void SocketConnection::Send(std::string message) {
  if (!silent_) Queue({WireStep::kText, std::move(message), {}});
}

void SocketConnection::Close(std::uint16_t code, std::string reason) {
  if (!silent_) Queue({WireStep::kClose, {}, {code, std::move(reason)}});
}

void SocketConnection::Queue(Item item) {
  if (ended_ || (broken_ && item.step < WireStep::kDrop)) return;
  queue_.push_back(std::move(item));
  if (std::exchange(writing_, true)) return;
  asio::co_spawn(
      executor_, [self = shared_from_this()] { return self->WriteQueue(); },
      [](const std::exception_ptr& failure) {
        if (failure) std::rethrow_exception(failure);
      });
}

asio::awaitable<void> SocketConnection::WriteQueue() {
  bool open = true;
  while (open && !queue_.empty()) {
    const Item item = std::move(queue_.front());
    queue_.pop_front();
    open = co_await Write(item);
  }
  if (!open) {
    broken_ = true;
    queue_.clear();
    // There is nothing more to hold back: the reader finds the end.
    frozen_ = false;
    thaw_.cancel();
  }
  writing_ = false;
  written_.cancel();
}

// Returns whether the socket may carry more.
asio::awaitable<bool> SocketConnection::Write(const Item& item) {
  switch (item.step) {
    case WireStep::kText:
    case WireStep::kBinary:
      book_.OnSent();
      co_return co_await socket_->Write(item.body, item.step == WireStep::kBinary);
    case WireStep::kRaw:
      co_return co_await socket_->WriteRaw(item.body);
    case WireStep::kClose:
      silent_ = true;
      if (co_await socket_->Close(item.close) && !ended_) {
        boost::system::error_code ignored;
        closing_.expires_after(kPatienceToClose);
        co_await closing_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
      }
      if (!ended_) socket_->Drop();
      break;
    case WireStep::kDrop:
      socket_->Drop();
      break;
    case WireStep::kReset:
      socket_->Reset();
      break;
  }
  co_return false;
}

void SocketConnection::End() {
  ended_ = true;
  queue_.clear();
  heartbeat_.cancel();
  thaw_.cancel();
  closing_.cancel();
  for (const auto& timer : delayed_) timer->cancel();
}

void SocketConnection::Stop() {
  End();
  socket_->Reset();
}

}  // namespace balance::sandbox
