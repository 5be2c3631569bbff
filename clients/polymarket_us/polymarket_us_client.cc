#include "clients/polymarket_us/polymarket_us_client.h"

#include <array>
#include <string_view>
#include <utility>

#include "clients/http/scrub.h"
#include "clients/polymarket_us/balances_request.h"
#include "clients/polymarket_us/classify_failure.h"
#include "clients/polymarket_us/parse_balances.h"
#include "clients/polymarket_us/venue.h"
#include "clients/venue/exchange.h"

namespace balance {
namespace {

using polymarket_us::Credentials;

Result<Reading> ReadExchange(const Exchange& exchange, const Credentials& credentials) {
  const HttpResponse& response = exchange.response;
  const std::array<std::string_view, 1> secrets = {credentials.key_id};
  if (response.status != 200) {
    return tl::unexpected<Error>(polymarket_us::ClassifyFailure(response, exchange.sent_wall,
                                                                exchange.received_wall, secrets));
  }
  auto parsed = polymarket_us::ParseBalances(response.body);
  if (!parsed) {
    parsed.error().log_detail = ScrubForLog(response.body, secrets);
    return tl::unexpected<Error>(std::move(parsed.error()));
  }
  return ToReading(
      *std::move(parsed), exchange,
      RequestId(response, {"x-pm-trace-id", "x-request-id", "poly-correlation-id", "cf-ray"}));
}

}  // namespace

PolymarketUsClient::PolymarketUsClient(HttpTransport& transport, Clock& clock, Options options)
    : transport_(transport),
      clock_(clock),
      base_url_(std::move(options.base_url)),
      attempt_timeout_(options.attempt_timeout),
      ca_file_(std::move(options.ca_file)) {
  ReplaceCredentials(std::move(options.key_id), *options.seed);
}

void PolymarketUsClient::ReplaceCredentials(std::string key_id, const Secret& seed) {
  credentials_ =
      std::make_shared<const Credentials>(Credentials{std::move(key_id), SigningKey(seed)});
}

boost::asio::awaitable<Result<Reading>> PolymarketUsClient::Fetch(FetchContext context) {
  const std::shared_ptr<const Credentials> credentials = credentials_;
  const auto timeout = TimeLeft(clock_, context.deadline, attempt_timeout_);
  if (!timeout) co_return tl::unexpected<Error>(timeout.error());
  auto request = polymarket_us::BuildBalancesRequest(base_url_, *credentials, clock_.WallNow());
  if (!request) co_return tl::unexpected<Error>(std::move(request.error()));
  request->timeout = *timeout;
  request->ca_file = ca_file_;
  auto exchange = co_await SendTimed(transport_, clock_, context, *std::move(request));
  if (!exchange) {
    co_return tl::unexpected<Error>(NoAnswer(polymarket_us::kName, std::move(exchange.error())));
  }
  co_return ReadExchange(*exchange, *credentials);
}

}  // namespace balance
