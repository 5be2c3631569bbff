#include "clients/http/curl_transport.h"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <utility>

#include "clients/http/curl_handles.h"
#include "clients/http/curl_multi.h"
#include "clients/http/curl_transfer.h"

namespace balance {

namespace asio = boost::asio;

struct CurlTransport::State {
  State(asio::io_context& loop, const std::string& user_agent)
      : multi(std::make_unique<CurlMulti>(loop)),
        handles(user_agent, [this](CURL* easy) { return multi && multi->Prepare(easy); }) {}

  // Null once the transport is gone.
  std::unique_ptr<CurlMulti> multi;
  CurlHandles handles;
  HttpTransportStats stats;
};

CurlTransport::CurlTransport(asio::io_context& loop, Options options)
    : options_(std::move(options)), state_(std::make_shared<State>(loop, options_.user_agent)) {}

CurlTransport::~CurlTransport() { state_->multi.reset(); }

const HttpTransportStats& CurlTransport::stats() const { return state_->stats; }

asio::awaitable<Result<HttpResponse>> CurlTransport::Send(HttpRequest request) {
  // The coroutine may outlive the transport by the time it takes to wake up.
  const std::shared_ptr<State> state = state_;
  CurlTransfer transfer(co_await asio::this_coro::executor, std::move(request), state->handles,
                        options_.max_body_bytes);
  if (transfer.result()) co_return *transfer.result();
  struct Registration {
    State& state;
    CurlTransfer& transfer;
    ~Registration() {
      if (state.multi) state.multi->Remove(transfer);
    }
  } const registration{*state, transfer};
  if (!state->multi->Add(transfer)) {
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
