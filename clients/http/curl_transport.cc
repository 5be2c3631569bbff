#include "clients/http/curl_transport.h"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "clients/http/curl_handles.h"
#include "clients/http/curl_multi.h"
#include "clients/http/curl_transfer.h"

namespace balance {

namespace asio = boost::asio;

namespace {

// libcurl looks for a connection among all that a multi handle has to the host, one after the
// other.
constexpr std::size_t kMostTransfersOfAMulti = 256;

}  // namespace

struct CurlTransport::State {
  State(asio::io_context& loop_of_all, const std::string& user_agent)
      : loop(loop_of_all), handles(user_agent) {}

  // The first that has room, so that few transfers share few connections.
  CurlMulti& MultiWithRoom() {
    for (const auto& multi : multis) {
      if (multi->size() < kMostTransfersOfAMulti) return *multi;
    }
    return *multis.emplace_back(std::make_unique<CurlMulti>(loop));
  }

  asio::io_context& loop;
  // Empty once the transport is gone; else none goes.
  std::vector<std::unique_ptr<CurlMulti>> multis;
  CurlHandles handles;
  HttpTransportStats stats;
};

CurlTransport::CurlTransport(asio::io_context& loop, Options options)
    : options_(std::move(options)), state_(std::make_shared<State>(loop, options_.user_agent)) {}

CurlTransport::~CurlTransport() { state_->multis.clear(); }

const HttpTransportStats& CurlTransport::stats() const { return state_->stats; }

asio::awaitable<Result<HttpResponse>> CurlTransport::Send(HttpRequest request) {
  // The coroutine may outlive the transport by the time it takes to wake up.
  const std::shared_ptr<State> state = state_;
  CurlTransfer transfer(co_await asio::this_coro::executor, std::move(request), state->handles,
                        options_.max_body_bytes);
  if (transfer.result()) co_return *transfer.result();
  struct Registration {
    State& state;
    CurlMulti& multi;
    CurlTransfer& transfer;
    ~Registration() {
      if (!state.multis.empty()) multi.Remove(transfer);
    }
  } const registration{*state, state->MultiWithRoom(), transfer};
  if (!registration.multi.Add(transfer)) {
    co_return Fail(ErrorKind::kInternal, "libcurl is out of memory");
  }
  ++state->stats.requests;
  boost::system::error_code ignored;
  co_await transfer.done().async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  if (!transfer.result()) throw boost::system::system_error(asio::error::operation_aborted);
  state->stats.new_connections += static_cast<std::uint64_t>(transfer.new_connections());
  co_return *transfer.result();
}

}  // namespace balance
