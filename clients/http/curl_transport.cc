#include "clients/http/curl_transport.h"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "clients/http/connection_check.h"
#include "clients/http/connection_pool.h"
#include "clients/http/curl_global.h"
#include "clients/http/curl_handles.h"
#include "clients/http/curl_multi.h"
#include "clients/http/curl_transfer.h"
#include "clients/http/trust_store.h"

namespace balance {

namespace asio = boost::asio;

namespace {

// Number of connections that are tried for one request. An unfit one is replaced by a new one,
// which is unfit as well where the upstream speaks before it is asked.
constexpr int kMostConnectionsTried = 2;

// Text of all properties that two requests must have in common to use the same connection.
std::string OriginOf(const HttpRequest& request) {
  const auto authority = request.url.find("//");
  const auto path =
      authority == std::string::npos ? authority : request.url.find('/', authority + 2);
  std::string origin;
  origin.reserve(request.url.size() + 1 + request.ca_file.size());
  return origin.append(request.url, 0, path).append(1, ' ').append(request.ca_file);
}

}  // namespace

struct CurlTransport::State {
  State(asio::io_context& loop, const Options& options)
      : multi(std::make_unique<CurlMulti>(loop, options.limits.total, options.max_idle)),
        pool(options.limits.of_a_host()),
        trust(SystemCas()),
        handles(options.user_agent, options.max_idle) {}

  // Null once the transport is gone.
  std::unique_ptr<CurlMulti> multi;
  ConnectionPool pool;
  TrustStores trust;
  CurlHandles handles;
  HttpTransportStats stats;
};

// A transfer's connection, from when it is chosen until the transfer has ended.
class CurlTransport::Connection {
 public:
  // Both must outlive it.
  Connection(State& state, CurlTransfer& transfer, const std::string& origin, std::uint64_t login)
      : state_(state), transfer_(transfer), lease_(state.pool.Take(origin, login)) {}
  ~Connection() {
    if (state_.multi) state_.multi->Remove(transfer_);
    state_.pool.Give(lease_, outcome_, BootClock::now());
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Starts the transfer, or starts it again. False if libcurl is out of memory.
  bool Start() {
    const auto now = BootClock::now();
    return transfer_.UseConnection(lease_.tag(), ConnectionPool::FailedAt(lease_), now) &&
           state_.multi->Add(transfer_);
  }

  void set_outcome(ConnectionPool::Outcome outcome) { outcome_ = outcome; }

 private:
  State& state_;
  CurlTransfer& transfer_;
  const ConnectionPool::Lease lease_;
  ConnectionPool::Outcome outcome_ = ConnectionPool::Outcome::kCancelled;
};

CurlTransport::CurlTransport(asio::io_context& loop, Options options)
    : options_(std::move(options)), state_(std::make_shared<State>(loop, options_)) {}

CurlTransport::~CurlTransport() { state_->multi.reset(); }

void CurlTransport::CloseIdleConnections() { state_->multi->CloseIdle(); }

void CurlTransport::RenewConnections() {
  state_->trust.Renew();
  state_->pool.Renew();
}

HttpTransportStats CurlTransport::stats() const {
  HttpTransportStats stats = state_->stats;
  stats.open_sockets = state_->multi->open_sockets();
  return stats;
}

asio::awaitable<Result<HttpResponse>> CurlTransport::Send(HttpRequest request) {
  // The coroutine may outlive the transport by the time it takes to wake up.
  const std::shared_ptr<State> state = state_;
  ConnectionObserver* const observer = options_.observer;
  const std::string origin = OriginOf(request);
  const std::uint64_t login = request.login;
  const SourceKind kind = request.kind;
  CurlTransfer transfer(co_await asio::this_coro::executor, std::move(request), state->handles,
                        state->trust, options_.max_body_bytes);
  if (transfer.result()) co_return transfer.TakeResult();
  Connection connection(*state, transfer, origin, login);
  ++state->stats.requests;
  for (int tried = 0; !transfer.result() && tried < kMostConnectionsTried; ++tried) {
    if (!connection.Start()) co_return Fail(ErrorKind::kInternal, "libcurl is out of memory");
    boost::system::error_code ignored;
    co_await transfer.done().async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    if (!transfer.result() && !transfer.dropped()) {
      throw boost::system::system_error(asio::error::operation_aborted);
    }
    if (transfer.dropped() && observer) observer->OnConnectionDropped(kind, *transfer.dropped());
    state->stats.new_connections += static_cast<std::uint64_t>(transfer.new_connections());
  }
  connection.set_outcome(transfer.result() && *transfer.result()
                             ? ConnectionPool::Outcome::kAnswered
                             : ConnectionPool::Outcome::kFailed);
  if (!transfer.result()) co_return tl::unexpected<Error>(NewConnectionUnfit(*transfer.dropped()));
  co_return transfer.TakeResult();
}

}  // namespace balance
