#include "tests/unit/sandbox/web_socket_client.h"

#include <gtest/gtest.h>

#include <boost/beast/core/buffers_to_string.hpp>
#include <chrono>

namespace balance::sandbox {

namespace asio = boost::asio;
namespace websocket = boost::beast::websocket;
using asio::ip::tcp;
using boost::system::error_code;

WebSocketClient::WebSocketClient(std::uint16_t port) : stream_(loop_) {
  stream_.next_layer().connect({asio::ip::address_v4::loopback(), port});
  stream_.control_callback([this](websocket::frame_type type, boost::beast::string_view) {
    if (type == websocket::frame_type::pong) pong_ = true;
  });
}

int WebSocketClient::Open(const std::string& target, const std::vector<Header>& headers) {
  stream_.set_option(websocket::stream_base::decorator([&](websocket::request_type& request) {
    for (const Header& header : headers) request.set(header.name, header.value);
  }));
  websocket::response_type answer;
  error_code error;
  bool done = false;
  stream_.async_handshake(answer, "sandbox", target, [&](const error_code& ended) {
    error = ended;
    done = true;
  });
  RunUntil(done, 10'000);
  if (!done) return 0;
  refusal_ = answer.body();
  if (!error) return 101;
  return error == websocket::error::upgrade_declined ? static_cast<int>(answer.result_int()) : 0;
}

void WebSocketClient::RunUntil(const bool& done, int patience_milliseconds) {
  const auto deadline =
      std::chrono::steady_clock::now() + std::chrono::milliseconds(patience_milliseconds);
  loop_.restart();
  while (!done && std::chrono::steady_clock::now() < deadline) {
    if (loop_.run_one_until(deadline) == 0) loop_.restart();
  }
}

SocketEvent WebSocketClient::Next(int patience_milliseconds) {
  if (!reading_) {
    reading_ = true;
    read_ = false;
    stream_.async_read(buffer_, [this](const error_code& error, std::size_t) {
      read_error_ = error;
      read_ = true;
    });
  }
  RunUntil(read_, patience_milliseconds);
  if (!read_) return {};
  reading_ = false;
  if (read_error_) return Ended(read_error_);
  SocketEvent event;
  event.kind = stream_.got_text() ? SocketEvent::Kind::kText : SocketEvent::Kind::kBinary;
  event.text = boost::beast::buffers_to_string(buffer_.data());
  buffer_.clear();
  return event;
}

SocketEvent WebSocketClient::Ended(const error_code& error) const {
  if (error != websocket::error::closed) return {SocketEvent::Kind::kBroken, error.message(), 0};
  const websocket::close_reason& reason = stream_.reason();
  return {SocketEvent::Kind::kClosed, std::string(reason.reason.c_str()), reason.code};
}

std::string WebSocketClient::Text() {
  const SocketEvent event = Next();
  EXPECT_EQ(event.kind, SocketEvent::Kind::kText) << event.text << " " << event.code;
  return event.text;
}

void WebSocketClient::Send(const std::string& text) { stream_.write(asio::buffer(text)); }

void WebSocketClient::SendPing() { stream_.ping({}); }

bool WebSocketClient::PongComes(int patience_milliseconds) {
  const auto deadline =
      std::chrono::steady_clock::now() + std::chrono::milliseconds(patience_milliseconds);
  pong_ = false;
  SendPing();
  while (!pong_ && std::chrono::steady_clock::now() < deadline) {
    if (Next(10).kind == SocketEvent::Kind::kBroken) return false;
  }
  return pong_;
}

void WebSocketClient::Close(std::uint16_t code) {
  error_code ignored;
  stream_.close(websocket::close_reason(static_cast<websocket::close_code>(code)), ignored);
}

}  // namespace balance::sandbox
