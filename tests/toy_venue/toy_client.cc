#include "tests/toy_venue/toy_client.h"

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "clients/http/cache_age.h"
#include "clients/venue/currency_code.h"
#include "clients/venue/exchange.h"
#include "clients/venue/http_failure.h"
#include "clients/venue/odd_fields.h"
#include "clients/venue/reply_document.h"
#include "clients/venue/upstream_amounts.h"
#include "tests/toy_venue/venue.h"

namespace balance::toy {
namespace {

using Secrets = std::span<const std::string_view>;

constexpr std::array<UpstreamAmount, 2> kAmounts = {
    {{"free", &CurrencyBalance::cash, true}, {"total", &CurrencyBalance::equity, true}}};

// The token and the passphrase.
std::pair<std::string_view, std::string_view> PartsOf(const Secret& secret) {
  const std::string_view text = secret.Expose();
  const auto separator = text.find(kSecretSeparator);
  return {text.substr(0, separator), text.substr(separator + 1)};
}

Result<ParsedBalances> ParseFunds(std::string_view body, Secrets secrets) {
  const std::optional<JsonValue> reply = ReadReply(body, secrets);
  if (!reply) return MalformedReply(kName, "the body is not one complete JSON object");
  OddFields odd;
  CurrencyBalance row;
  for (const JsonMember& field : reply->members) {
    if (const UpstreamAmount* amount = FindAmount(kAmounts, field.name)) {
      if (TakeOver(*amount, field.value, row, odd)) continue;
      return MalformedReply(kName, "free or total is no number that an amount can be");
    }
    if (field.name == "currency") {
      ReadCurrency(field.value, row);
    } else {
      odd.KeepUnknown(field, row);
    }
  }
  ParsedBalances parsed;
  parsed.balances.push_back(std::move(row));
  AddCurrencyWarnings(parsed.balances, parsed.warnings);
  odd.AddWarnings(parsed.warnings);
  return parsed;
}

Error FailureOf(const HttpResponse& response, Secrets secrets) {
  const Verdict verdict = response.status == 401
                              ? Verdict{ErrorKind::kCredentialsRejected, "rejects our login",
                                        "check account, token and passphrase"}
                              : JudgeStatus(response.status);
  return MakeFailure(kName, verdict, response, secrets);
}

Result<Reading> ReadExchange(const Exchange& exchange, Secrets secrets) {
  const HttpResponse& response = exchange.response;
  const std::string id = RequestId(response, {"x-request-id"}, secrets);
  auto parsed = response.status == 200 ? ParseFunds(response.body, secrets)
                                       : tl::unexpected<Error>(FailureOf(response, secrets));
  if (parsed) return ToReading(*std::move(parsed), exchange, id);
  parsed.error().request_id = id;
  return tl::unexpected<Error>(std::move(parsed.error()));
}

}  // namespace

ToyClient::ToyClient(HttpTransport& transport, Clock& clock,
                     std::shared_ptr<UpstreamClock> host_clock, const Login& login,
                     ClientSettings settings)
    : transport_(transport),
      clock_(clock),
      host_clock_(std::move(host_clock)),
      login_(login),
      settings_(std::move(settings)) {}

boost::asio::awaitable<Result<Reading>> ToyClient::Fetch(FetchContext context) {
  const auto timeout = TimeLeft(clock_, context.End(), settings_.attempt_timeout);
  if (!timeout) co_return tl::unexpected<Error>(timeout.error());
  const auto [token, passphrase] = PartsOf(*login_.secret);
  HttpRequest request;
  request.url = login_.base_url.ToString().append(kFundsPath);
  request.headers = {{"X-Toy-Account", login_.key_id},
                     {"X-Toy-Token", std::string(token)},
                     {"X-Toy-Passphrase", std::string(passphrase)},
                     PastCaches()};
  request.timeout = *timeout;
  Apply(settings_, request);
  auto exchange = co_await SendTimed(transport_, clock_, context, std::move(request));
  if (!exchange) co_return tl::unexpected<Error>(NoAnswer(kName, std::move(exchange.error())));
  ObserveDate(*exchange, *host_clock_);
  const std::array<std::string_view, 3> secrets = {login_.key_id, token, passphrase};
  co_return ReadExchange(*exchange, secrets);
}

}  // namespace balance::toy
