#include "clients/polysimulator/polysimulator_client.h"

#include <array>
#include <span>
#include <string_view>
#include <utility>

#include "clients/core/ascii.h"
#include "clients/http/cache_age.h"
#include "clients/polysimulator/balance_request.h"
#include "clients/polysimulator/classify_failure.h"
#include "clients/polysimulator/parse_balance.h"
#include "clients/polysimulator/rate_headers.h"
#include "clients/polysimulator/venue.h"
#include "clients/venue/exchange.h"

namespace balance {
namespace {

std::string IdOf(const HttpResponse& response, std::span<const std::string_view> secrets) {
  return RequestId(response, {"x-request-id", "poly-correlation-id", "cf-ray"}, secrets);
}

// Sent on every reply to a key of the beta that has lost its tier.
bool IsLegacyKey(const HttpResponse& response) {
  return ToAsciiLower(response.Header("X-API-Beta-Cutoff")) == "expired";
}

Result<Reading> ReadExchange(const Exchange& exchange, const Secret& api_key) {
  const HttpResponse& response = exchange.response;
  const std::array<std::string_view, 1> secrets = {api_key.Expose()};
  if (response.status != 200) {
    Error error = polysimulator::ClassifyFailure(response, secrets);
    error.request_id = IdOf(response, secrets);
    return tl::unexpected<Error>(std::move(error));
  }
  auto parsed = polysimulator::ParseBalance(response.body, secrets);
  if (!parsed) {
    parsed.error().log_detail = DescribeUnreadable(response, secrets);
    parsed.error().request_id = IdOf(response, secrets);
    return tl::unexpected<Error>(std::move(parsed.error()));
  }
  if (IsLegacyKey(response)) {
    parsed->warnings.push_back({WarningKind::kLegacyKey,
                                "PolySimulator has downgraded this key of its beta to free "
                                "read-only access; create a new key."});
  }
  return ToReading(*std::move(parsed), exchange, IdOf(response, secrets));
}

}  // namespace

PolySimulatorClient::PolySimulatorClient(HttpTransport& transport, Clock& clock,
                                         std::shared_ptr<UpstreamClock> venue_clock,
                                         std::shared_ptr<const Login> login,
                                         ClientSettings settings)
    : transport_(transport),
      clock_(clock),
      venue_clock_(std::move(venue_clock)),
      login_(std::move(login)),
      settings_(std::move(settings)) {}

boost::asio::awaitable<Result<Reading>> PolySimulatorClient::Fetch(FetchContext context) {
  const auto timeout = TimeLeft(clock_, context.End(), settings_.attempt_timeout);
  if (!timeout) co_return tl::unexpected<Error>(timeout.error());
  auto request = polysimulator::BuildBalanceRequest(login_->base_url, *login_->secret);
  if (!request) co_return tl::unexpected<Error>(std::move(request.error()));
  request->timeout = *timeout;
  Apply(settings_, *request);
  auto exchange = co_await SendTimed(transport_, clock_, context, *std::move(request));
  if (!exchange) {
    co_return tl::unexpected<Error>(NoAnswer(polysimulator::kName, std::move(exchange.error())));
  }
  ObserveDate(*exchange, *venue_clock_);
  // Limits in an answer out of a cache were told to another request.
  if (!IsOutOfCache(exchange->response)) {
    context.progress->rate_limits = polysimulator::ReadRateLimits(exchange->response);
  }
  co_return ReadExchange(*exchange, *login_->secret);
}

}  // namespace balance
