#pragma once

// WebSocket over Boost.Beast, for either of the two streams that a Channel may have.

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <utility>

#include "tests/sandbox/web_socket.h"

namespace balance::sandbox {

template <typename Stream>
class BeastWebSocket final : public WebSocket {
 public:
  explicit BeastWebSocket(Stream stream) : stream_(std::move(stream)) {
    // A client's silence is never a reason to close: whoever tests it decides how long it lasts.
    stream_.set_option(boost::beast::websocket::stream_base::timeout{
        std::chrono::seconds(5), boost::beast::websocket::stream_base::none(), false});
    stream_.control_callback(
        [this](boost::beast::websocket::frame_type type, boost::beast::string_view) {
          if (type == boost::beast::websocket::frame_type::ping && on_ping_) on_ping_();
          if (type == boost::beast::websocket::frame_type::close) closed_by_peer_ = true;
        });
  }

  boost::asio::awaitable<bool> Accept(const HttpCall& upgrade) override {
    boost::beast::http::request<boost::beast::http::empty_body> request;
    request.method(boost::beast::http::verb::get);
    request.target(upgrade.path);
    request.version(11);
    for (const Header& header : upgrade.headers) request.insert(header.name, header.value);
    boost::system::error_code error;
    co_await stream_.async_accept(request,
                                  boost::asio::redirect_error(boost::asio::use_awaitable, error));
    co_return !error;
  }

  boost::asio::awaitable<std::optional<std::string>> Read() override {
    boost::beast::flat_buffer buffer;
    boost::system::error_code error;
    co_await stream_.async_read(buffer,
                                boost::asio::redirect_error(boost::asio::use_awaitable, error));
    if (error) co_return std::nullopt;
    co_return boost::beast::buffers_to_string(buffer.data());
  }

  boost::asio::awaitable<bool> Write(std::string_view message, bool binary) override {
    boost::system::error_code error;
    stream_.binary(binary);
    co_await stream_.async_write(boost::asio::buffer(message),
                                 boost::asio::redirect_error(boost::asio::use_awaitable, error));
    co_return !error;
  }

  boost::asio::awaitable<bool> WriteRaw(std::string_view bytes) override {
    boost::system::error_code error;
    co_await boost::asio::async_write(
        stream_.next_layer(), boost::asio::buffer(bytes),
        boost::asio::redirect_error(boost::asio::use_awaitable, error));
    co_return !error;
  }

  // Past Beast, of which async_close() and a read that is under way can wait for each other without
  // end (1.81): the one holds the lock of writes, the other that of reads.
  boost::asio::awaitable<bool> Close(const SocketClose& close) override {
    std::string payload = {static_cast<char>(close.code >> 8),
                           static_cast<char>(close.code & 0xff)};
    // RFC 6455, section 5.5: 125 bytes at most.
    payload += close.reason.substr(0, 123);
    std::string frame = {static_cast<char>(0x88), static_cast<char>(payload.size())};
    frame += payload;
    co_return co_await WriteRaw(frame);
  }

  void Reset() override {
    boost::system::error_code ignored;
    Socket().set_option(boost::asio::socket_base::linger(true, 0), ignored);
    Socket().close(ignored);
  }

  void Drop() override {
    boost::system::error_code ignored;
    Socket().shutdown(boost::asio::ip::tcp::socket::shutdown_both, ignored);
    Socket().close(ignored);
  }

  std::uint16_t peer_close_code() const override {
    if (!closed_by_peer_) return 0;
    const std::uint16_t code = stream_.reason().code;
    return code == 0 ? kNoStatus : code;
  }

  void ObservePings(std::function<void()> observer) override { on_ping_ = std::move(observer); }

 private:
  // RFC 6455, section 7.4.1: the frame had no code.
  static constexpr std::uint16_t kNoStatus = 1005;

  boost::asio::ip::tcp::socket& Socket() {
    if constexpr (std::is_same_v<Stream, boost::asio::ip::tcp::socket>) {
      return stream_.next_layer();
    } else {
      return stream_.next_layer().next_layer();
    }
  }

  boost::beast::websocket::stream<Stream> stream_;
  bool closed_by_peer_ = false;
  std::function<void()> on_ping_;
};

}  // namespace balance::sandbox
