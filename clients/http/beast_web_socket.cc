#include "clients/http/beast_web_socket.h"

#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include <algorithm>
#include <array>
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <utility>

#include "clients/core/alarm.h"
#include "clients/core/loop_executor.h"
#include "clients/core/secret.h"
#include "clients/http/connection_check.h"

namespace balance {
namespace {

namespace asio = boost::asio;
namespace ssl = boost::asio::ssl;
namespace websocket = boost::beast::websocket;
using asio::ip::tcp;
using boost::system::error_code;
using TlsStream = ssl::stream<tcp::socket>;

auto Into(error_code& error) { return asio::redirect_error(asio::use_awaitable, error); }

tl::unexpected<Error> Unreachable(std::string message, bool is_connect_failure) {
  Error error{ErrorKind::kUnreachable, std::move(message)};
  error.is_transient = true;
  error.is_connect_failure = is_connect_failure;
  return tl::unexpected<Error>(std::move(error));
}

// The failure of a venue whose certificate is not accepted, which only the operator or the venue
// can mend.
tl::unexpected<Error> Distrusted(std::string message) {
  auto failure = Unreachable(std::move(message), true);
  failure.value().is_transient = false;
  failure.value().may_be_configuration = true;
  return failure;
}

bool HasControl(const std::string& text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) == 0x7f;
  });
}

bool IsSendable(const WebSocketRequest& request) {
  return request.timeout > Duration::zero() && !HasControl(request.target) &&
         std::none_of(request.headers.begin(), request.headers.end(), [](const HttpHeader& header) {
           return header.name.empty() || HasControl(header.name) || HasControl(header.value);
         });
}

tcp::socket& SocketOf(tcp::socket& stream) { return stream; }
tcp::socket& SocketOf(TlsStream& stream) { return stream.next_layer(); }

SSL* TlsOf(tcp::socket& /*stream*/) { return nullptr; }
SSL* TlsOf(TlsStream& stream) { return stream.native_handle(); }

template <typename Stream>
class BeastWebSocket final : public WebSocket, public VouchedSockets::Socket {
 public:
  BeastWebSocket(Stream stream, std::string ca_file, std::shared_ptr<VouchedSockets> vouched,
                 LoopExecutor executor, Clock& clock)
      : stream_(std::move(stream)),
        ca_file_(std::move(ca_file)),
        vouched_(std::move(vouched)),
        clock_(clock),
        linger_(executor, clock) {
    stream_.read_message_max(kMaxSocketMessage);
    stream_.control_callback([this](websocket::frame_type type, boost::beast::string_view) {
      if (type != websocket::frame_type::close) return;
      was_closed_ = true;
      // Beast waits for the venue to close the connection, without end if it does not.
      linger_.Set(clock_.SteadyNow() + kLinger, [this] { Abort(); });
    });
    if (BeastWebSocket::tls()) id_ = vouched_->Join(*this);
  }
  BeastWebSocket(const BeastWebSocket&) = delete;
  BeastWebSocket& operator=(const BeastWebSocket&) = delete;
  ~BeastWebSocket() override { vouched_->Leave(id_); }

  SSL* tls() override { return TlsOf(stream_.next_layer()); }
  const std::string& ca_file() const override { return ca_file_; }
  void OnDistrusted() override {
    distrust_ = "the CAs do not vouch for the venue any more; check tls_ca_file";
    Abort();
  }

  // True if the upgrade was granted; else `answer` is why not, or `error` that there is none.
  asio::awaitable<bool> Upgrade(const WebSocketRequest& request, const std::string& user_agent,
                                Duration timeout, Duration ping_timeout, HttpResponse& answer,
                                error_code& error) {
    using std::chrono::ceil;
    using std::chrono::milliseconds;
    stream_.set_option(websocket::stream_base::timeout{ceil<milliseconds>(timeout),
                                                       ceil<milliseconds>(ping_timeout), true});
    stream_.set_option(websocket::stream_base::decorator([&](websocket::request_type& upgrade) {
      upgrade.set("User-Agent", user_agent);
      for (const HttpHeader& header : request.headers) upgrade.set(header.name, header.value);
    }));
    websocket::response_type response;
    co_await stream_.async_handshake(response, request.server.Authority(), request.target,
                                     Into(error));
    // Replace the decorator: it refers to variables that end with this call.
    stream_.set_option(websocket::stream_base::decorator([](websocket::request_type&) {}));
    if (!error) co_return true;
    if (error != websocket::error::upgrade_declined) co_return false;
    error.clear();
    answer.status = static_cast<int>(response.result_int());
    answer.body = std::move(response.body());
    for (const auto& field : response) {
      answer.headers.push_back({std::string(field.name_string()), std::string(field.value())});
    }
    co_return false;
  }

  asio::awaitable<Result<std::string>> Receive() override {
    error_code error;
    boost::beast::flat_buffer buffer;
    co_await stream_.async_read(buffer, Into(error));
    if (error == websocket::error::message_too_big || error == websocket::error::buffer_overflow) {
      co_return Fail(ErrorKind::kReplyInvalid, "a message is larger than 1 MiB");
    }
    if (!error && tls() && HasExpired(tls())) {
      distrust_ = "the venue's certificate has expired";
      Abort();
    }
    if (!distrust_.empty()) co_return Distrusted(distrust_);
    if (error) co_return Unreachable(Ending(error), false);
    co_return boost::beast::buffers_to_string(buffer.data());
  }

  asio::awaitable<Result<void>> Send(std::string message) override {
    error_code error;
    stream_.text(true);
    is_sending_ = true;
    co_await stream_.async_write(asio::buffer(message), Into(error));
    is_sending_ = false;
    if (error) co_return Unreachable(Ending(error), false);
    co_return Result<void>();
  }

  void Abort() override {
    error_code ignored;
    SocketOf(stream_.next_layer()).close(ignored);
  }

  // Writes the close frame past Beast: in Boost 1.81 async_close() and a read in progress can wait
  // for each other without end, since each holds the lock that the other needs. Beast's read then
  // takes the venue's answer to the frame.
  asio::awaitable<void> Close() override {
    if (is_sending_) {
      Abort();
      co_return;
    }
    // A close frame with a masked payload: 1000, a normal closure.
    std::array<unsigned char, 8> frame = {0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8};
    unsigned char* const mask = frame.data() + 2;
    unsigned char* const payload = mask + 4;
    RAND_bytes(mask, 4);
    for (std::size_t i = 0; i < 2; ++i) payload[i] ^= mask[i];
    error_code ignored;
    co_await asio::async_write(stream_.next_layer(), asio::buffer(frame), Into(ignored));
  }

  std::optional<std::uint16_t> close_code() const override {
    if (!was_closed_) return std::nullopt;
    const std::uint16_t code = stream_.reason().code;
    return code == 0 ? kNoStatus : code;
  }

 private:
  // RFC 6455, section 7.4.1: the frame had no code.
  static constexpr std::uint16_t kNoStatus = 1005;
  // Time that the venue has to end the connection after it has closed the socket.
  static constexpr Duration kLinger = std::chrono::seconds(1);

  std::string Ending(const error_code& error) const {
    if (was_closed_)
      return "the venue closed the socket with code " + std::to_string(*close_code());
    return "the socket broke: " + error.message();
  }

  websocket::stream<Stream> stream_;
  const std::string ca_file_;
  const std::shared_ptr<VouchedSockets> vouched_;
  // Id that VouchedSockets knows the socket by; unused without TLS.
  std::uint64_t id_ = 0;
  Clock& clock_;
  Alarm linger_;
  bool is_sending_ = false;
  bool was_closed_ = false;
  // The reason not to trust the venue any more; empty while it is trusted.
  std::string distrust_;
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

// One Open() under way: the socket that its deadline closes.
class BeastConnector::Opening {
 public:
  Opening(BeastConnector& connector, const WebSocketRequest& request)
      : request_(request),
        connector_(connector),
        options_(connector.options_),
        vouched_(connector.vouched_),
        clock_(connector.clock_),
        executor_(connector.loop_.get_executor()),
        end_(clock_.SteadyNow() + request.timeout),
        resolved_(std::make_shared<HostResolver::Wait>(connector.loop_)),
        socket_(connector.loop_),
        deadline_(executor_, clock_) {
    deadline_.Set(end_, [this] {
      is_late_ = true;
      resolved_->done.cancel();
      Close();
    });
  }

  asio::awaitable<Result<WebSocketAnswer>> Run() {
    error_code error;
    connector_.resolver_.Resolve(request_.server.host, request_.server.port, resolved_);
    co_await resolved_->done.async_wait(Into(error));
    if (!resolved_->is_answered || resolved_->endpoints.empty() || is_late_) {
      co_return Failure("the host name did not resolve", {}, true);
    }
    // The connector may be gone by now.
    co_await asio::async_connect(socket_, resolved_->endpoints, Into(error));
    if (error || is_late_) co_return Failure("no connection could be made", error, true);
    socket_.set_option(tcp::no_delay(true), error);
    if (!request_.server.tls) co_return co_await Upgrade(std::move(socket_));
    const std::uint64_t renewals = vouched_->renewals();
    X509_STORE* const store = vouched_->trust().Of(request_.ca_file);
    ssl::context context(ssl::context::tls_client);
    if (!store) co_return Failure("the CAs cannot be read; check tls_ca_file", {}, true);
    Trust(context.native_handle(), store);
    TlsStream stream(std::move(socket_), context);
    if (!ExpectHost(stream.native_handle(), request_.server.host)) {
      co_return Failure("TLS cannot be set up", {}, true);
    }
    close_ = [&stream] { SocketOf(stream).close(); };
    co_await stream.async_handshake(ssl::stream_base::client, Into(error));
    close_ = nullptr;
    if (error || is_late_) co_return NotVerified(stream, error);
    if (renewals != vouched_->renewals() &&
        !IsVouchedFor(stream.native_handle(), vouched_->trust().Of(request_.ca_file))) {
      co_return NotAccepted();
    }
    co_return co_await Upgrade(std::move(stream));
  }

 private:
  template <typename Stream>
  asio::awaitable<Result<WebSocketAnswer>> Upgrade(Stream stream) {
    error_code error;
    WebSocketAnswer answer;
    auto socket = std::make_unique<BeastWebSocket<Stream>>(std::move(stream), request_.ca_file,
                                                           vouched_, executor_, clock_);
    close_ = [&socket] { socket->Abort(); };
    const bool granted =
        co_await socket->Upgrade(request_, options_.user_agent, end_ - clock_.SteadyNow(),
                                 options_.ping_timeout, answer.refusal, error);
    close_ = nullptr;
    if (is_late_) co_return Failure("no answer to the upgrade", error, false);
    if (granted) answer.socket = std::move(socket);
    if (!granted && error) co_return Failure("the answer is no WebSocket's", error, false);
    co_return answer;
  }

  Result<WebSocketAnswer> NotVerified(TlsStream& stream, const error_code& error) {
    if (is_late_ || SSL_get_verify_result(stream.native_handle()) == X509_V_OK) {
      return Failure("TLS failed", error, true);
    }
    return NotAccepted();
  }

  static Result<WebSocketAnswer> NotAccepted() {
    return Distrusted("the TLS certificate was not accepted; check the host name and tls_ca_file");
  }

  tl::unexpected<Error> Failure(std::string what, const error_code& error, bool is_connect) const {
    if (is_late_) return Unreachable(std::move(what) + " in time", is_connect);
    if (error) what.append(": ").append(error.message());
    return Unreachable(std::move(what), is_connect);
  }

  void Close() {
    error_code ignored;
    socket_.close(ignored);
    if (close_) close_();
  }

  const WebSocketRequest& request_;
  // Used before the first wait only: the connector may be gone later.
  BeastConnector& connector_;
  const Options options_;
  const std::shared_ptr<VouchedSockets> vouched_;
  Clock& clock_;
  const LoopExecutor executor_;
  const SteadyTime end_;
  const std::shared_ptr<HostResolver::Wait> resolved_;
  tcp::socket socket_;
  bool is_late_ = false;
  // Closes the stream that `socket_` was moved into, while a handshake is under way on it; empty
  // otherwise.
  std::function<void()> close_;
  Alarm deadline_;
};

BeastConnector::BeastConnector(asio::io_context& loop, Clock& clock, Options options)
    : loop_(loop),
      clock_(clock),
      options_(std::move(options)),
      resolver_(loop),
      vouched_(std::make_shared<VouchedSockets>(loop, options_.system_cas)) {}

void BeastConnector::RenewTrust() { vouched_->Renew(); }

asio::awaitable<Result<WebSocketAnswer>> BeastConnector::Open(WebSocketRequest request) {
  const WipedAtEnd wiped(request);
  if (!IsSendable(request)) {
    co_return Fail(ErrorKind::kInvalidInput,
                   "a request header holds a control character, or no time is left; check the "
                   "credential");
  }
  Opening opening(*this, request);
  co_return co_await opening.Run();
}

}  // namespace balance
