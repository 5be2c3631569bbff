#include "clients/redis/byte_stream.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "clients/core/alarm.h"

namespace balance {
namespace {

namespace asio = boost::asio;
namespace ssl = boost::asio::ssl;
using asio::ip::tcp;
using boost::system::error_code;
using TlsSocket = ssl::stream<tcp::socket>;

auto Into(error_code& error) { return asio::redirect_error(asio::use_awaitable, error); }

tcp::socket& SocketOf(tcp::socket& socket) { return socket; }
tcp::socket& SocketOf(TlsSocket& socket) { return socket.next_layer(); }

template <typename Socket>
class SocketStream final : public ByteStream {
 public:
  explicit SocketStream(Socket socket) : socket_(std::move(socket)) {}

  asio::awaitable<std::size_t> ReadSome(std::span<char> into, error_code& error) override {
    co_return co_await socket_.async_read_some(asio::buffer(into.data(), into.size()), Into(error));
  }

  asio::awaitable<void> Write(std::string_view bytes, error_code& error) override {
    co_await asio::async_write(socket_, asio::buffer(bytes), Into(error));
  }

  void Close() override {
    error_code ignored;
    SocketOf(socket_).close(ignored);
  }

 private:
  Socket socket_;
};

// Has TLS accept a certificate for `host` only.
bool ExpectHost(SSL* session, const std::string& host) {
  error_code not_an_address;
  asio::ip::make_address(host, not_an_address);
  if (!not_an_address) {
    return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), host.c_str()) == 1;
  }
  return SSL_set_tlsext_host_name(session, host.c_str()) == 1 &&
         SSL_set1_host(session, host.c_str()) == 1;
}

}  // namespace

// One OpenStream() under way: the socket that its deadline closes. Not in the namespace above, for
// a coroutine keeps it.
class StreamOpening {
 public:
  StreamOpening(asio::io_context& loop, Clock& clock, const HostPort& server, const StreamTls& tls,
                SteadyTime deadline)
      : server_(server),
        tls_(tls),
        resolver_(loop),
        socket_(loop),
        deadline_(loop.get_executor(), clock) {
    deadline_.Set(deadline, [this] {
      is_late_ = true;
      resolver_.cancel();
      error_code ignored;
      socket_.close(ignored);
      if (close_) close_();
    });
  }

  asio::awaitable<RedisResult<std::unique_ptr<ByteStream>>> Run() {
    error_code error;
    const auto addresses = co_await Addresses(error);
    if (error || is_late_) co_return Failure("the host name of Redis did not resolve", error);
    co_await asio::async_connect(socket_, addresses, Into(error));
    if (error || is_late_) co_return Failure("no connection to Redis could be made", error);
    socket_.set_option(tcp::no_delay(true), error);
    if (!tls_.is_on) co_return std::make_unique<SocketStream<tcp::socket>>(std::move(socket_));
    co_return co_await Secure();
  }

 private:
  // An address needs no resolver, whose thread another name may hold up.
  asio::awaitable<std::vector<tcp::endpoint>> Addresses(error_code& error) {
    error_code not_an_address;
    const auto address = asio::ip::make_address(server_.host, not_an_address);
    std::vector<tcp::endpoint> found;
    if (!not_an_address) {
      found.emplace_back(address, server_.port);
      co_return found;
    }
    const tcp::resolver::results_type results =
        co_await resolver_.async_resolve(server_.host, std::to_string(server_.port), Into(error));
    for (const auto& entry : results) found.push_back(entry.endpoint());
    co_return found;
  }

  asio::awaitable<RedisResult<std::unique_ptr<ByteStream>>> Secure() {
    error_code error;
    ssl::context context(ssl::context::tls_client);
    context.load_verify_file(tls_.ca_file, error);
    if (error) {
      ERR_clear_error();
      co_return RedisFailure(RedisErrorKind::kTls,
                             "the CAs that vouch for Redis cannot be read; check "
                             "fleet.redis.tls.ca_file");
    }
    context.set_verify_mode(ssl::verify_peer, error);
    SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
    TlsSocket stream(std::move(socket_), context);
    if (!ExpectHost(stream.native_handle(), server_.host)) {
      co_return RedisFailure(RedisErrorKind::kTls, "TLS to Redis cannot be set up");
    }
    close_ = [&stream] {
      error_code ignored;
      SocketOf(stream).close(ignored);
    };
    co_await stream.async_handshake(ssl::stream_base::client, Into(error));
    close_ = nullptr;
    if (is_late_) co_return Failure("TLS to Redis was not ready", error);
    if (error) co_return NotSecured(stream, error);
    co_return std::make_unique<SocketStream<TlsSocket>>(std::move(stream));
  }

  static tl::unexpected<RedisError> NotSecured(TlsSocket& stream, const error_code& error) {
    ERR_clear_error();
    if (SSL_get_verify_result(stream.native_handle()) != X509_V_OK) {
      return RedisFailure(RedisErrorKind::kTls,
                          "the TLS certificate of Redis was not accepted; check its host name, its "
                          "dates and fleet.redis.tls.ca_file");
    }
    return RedisFailure(RedisErrorKind::kTls, "TLS to Redis failed (" + error.message() +
                                                  "); check that its port speaks TLS");
  }

  tl::unexpected<RedisError> Failure(std::string what, const error_code& error) const {
    if (is_late_) {
      return RedisFailure(RedisErrorKind::kTimedOut,
                          std::move(what) + " in time; check the address and the network");
    }
    return RedisFailure(RedisErrorKind::kUnreachable,
                        std::move(what) + " (" + error.message() +
                            "); check fleet.redis.address and whether Redis runs");
  }

  const HostPort& server_;
  const StreamTls& tls_;
  tcp::resolver resolver_;
  tcp::socket socket_;
  bool is_late_ = false;
  // Closes what the socket has become; empty: nothing yet.
  std::function<void()> close_;
  Alarm deadline_;
};

asio::awaitable<RedisResult<std::unique_ptr<ByteStream>>> OpenStream(asio::io_context& loop,
                                                                     Clock& clock, HostPort server,
                                                                     StreamTls tls,
                                                                     SteadyTime deadline) {
  StreamOpening opening(loop, clock, server, tls, deadline);
  co_return co_await opening.Run();
}

}  // namespace balance
