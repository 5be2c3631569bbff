#include "clients/polymarket_us/polymarket_us_client.h"

#include <array>
#include <span>
#include <string_view>
#include <utility>

#include "clients/polymarket_us/balances_request.h"
#include "clients/polymarket_us/classify_failure.h"
#include "clients/polymarket_us/parse_balances.h"
#include "clients/polymarket_us/venue.h"
#include "clients/venue/exchange.h"

namespace balance {
namespace {

std::string IdOf(const HttpResponse& response, std::span<const std::string_view> secrets) {
  return RequestId(response, {"x-pm-trace-id", "x-request-id", "poly-correlation-id", "cf-ray"},
                   secrets);
}

// `correction` is what was added to our time before it was signed. `secrets` are what the request
// carried to prove who asks.
Result<Reading> ReadExchange(const Exchange& exchange, std::span<const std::string_view> secrets,
                             Duration correction) {
  const HttpResponse& response = exchange.response;
  if (response.status != 200) {
    Error error = polymarket_us::ClassifyFailure(response, exchange.sent.wall + correction,
                                                 exchange.received_wall + correction, secrets);
    error.request_id = IdOf(response, secrets);
    return tl::unexpected<Error>(std::move(error));
  }
  auto parsed = polymarket_us::ParseBalances(response.body, secrets);
  if (!parsed) {
    parsed.error().log_detail = DescribeUnreadable(response, secrets);
    parsed.error().request_id = IdOf(response, secrets);
    return tl::unexpected<Error>(std::move(parsed.error()));
  }
  return ToReading(*std::move(parsed), exchange, IdOf(response, secrets));
}

}  // namespace

PolymarketUsClient::PolymarketUsClient(HttpTransport& transport, Clock& clock,
                                       std::shared_ptr<UpstreamClock> venue_clock,
                                       std::shared_ptr<const Login> login, ClientSettings settings)
    : transport_(transport),
      clock_(clock),
      venue_clock_(std::move(venue_clock)),
      login_(std::move(login)),
      settings_(std::move(settings)),
      key_(SigningKeyOf(*login_)) {}

boost::asio::awaitable<Result<Reading>> PolymarketUsClient::Fetch(FetchContext context) {
  const auto timeout = TimeLeft(clock_, context.End(), settings_.attempt_timeout);
  if (!timeout) co_return tl::unexpected<Error>(timeout.error());
  const Duration correction = venue_clock_->Correction();
  auto request = polymarket_us::BuildBalancesRequest(login_->base_url, {login_->key_id, *key_},
                                                     clock_.WallNow() + correction);
  if (!request) co_return tl::unexpected<Error>(std::move(request.error()));
  request->timeout = *timeout;
  Apply(settings_, *request);
  if (context.progress->trace) {
    request->headers.push_back({"poly-correlation-id", context.progress->trace->TraceUuid()});
  }
  const std::string signature = polymarket_us::SignatureOf(request->headers);
  auto exchange = co_await SendTimed(transport_, clock_, context, *std::move(request));
  if (!exchange) {
    co_return tl::unexpected<Error>(NoAnswer(polymarket_us::kName, std::move(exchange.error())));
  }
  const std::array<std::string_view, 2> secrets = {login_->key_id, signature};
  Result<Reading> reading = ReadExchange(*exchange, secrets, correction);
  if (!reading && reading.error().kind == ErrorKind::kClockSkew) venue_clock_->Distrust();
  ObserveDate(*exchange, *venue_clock_);
  co_return reading;
}

}  // namespace balance
