#include "tests/sandbox/channel.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <utility>

#include "tests/sandbox/beast_web_socket.h"

namespace balance::sandbox {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

template <typename Stream>
class StreamChannel final : public Channel {
 public:
  explicit StreamChannel(Stream stream) : stream_(std::move(stream)) {
    error_code ignored;
    Socket().set_option(tcp::no_delay(true), ignored);
  }

  asio::awaitable<bool> Handshake() override {
    if constexpr (kTls) {
      error_code error;
      co_await stream_.async_handshake(asio::ssl::stream_base::server,
                                       asio::redirect_error(asio::use_awaitable, error));
      co_return !error;
    }
    co_return true;
  }

  asio::awaitable<std::size_t> Read(char* to, std::size_t size) override {
    error_code error;
    const std::size_t read = co_await stream_.async_read_some(
        asio::buffer(to, size), asio::redirect_error(asio::use_awaitable, error));
    co_return error ? 0 : read;
  }

  asio::awaitable<bool> Write(std::string_view bytes) override {
    error_code error;
    co_await asio::async_write(stream_, asio::buffer(bytes),
                               asio::redirect_error(asio::use_awaitable, error));
    co_return !error;
  }

  std::unique_ptr<WebSocket> Upgrade() override {
    return std::make_unique<BeastWebSocket<Stream>>(std::move(stream_));
  }

  void Reset() override {
    error_code ignored;
    Socket().set_option(asio::socket_base::linger(true, 0), ignored);
    Socket().close(ignored);
  }

  void Close() override {
    error_code ignored;
    Socket().shutdown(tcp::socket::shutdown_both, ignored);
    Socket().close(ignored);
  }

 private:
  static constexpr bool kTls = !std::is_same_v<Stream, tcp::socket>;

  tcp::socket& Socket() {
    if constexpr (kTls) {
      return stream_.next_layer();
    } else {
      return stream_;
    }
  }

  Stream stream_;
};

}  // namespace

std::unique_ptr<Channel> MakeChannel(tcp::socket socket, asio::ssl::context* tls) {
  if (!tls) return std::make_unique<StreamChannel<tcp::socket>>(std::move(socket));
  using TlsStream = asio::ssl::stream<tcp::socket>;
  return std::make_unique<StreamChannel<TlsStream>>(TlsStream(std::move(socket), *tls));
}

}  // namespace balance::sandbox
