#include "clients/venue/exchange.h"

#include <algorithm>
#include <utility>

#include "clients/http/cache_age.h"
#include "clients/http/retry_after.h"
#include "clients/http/scrub.h"
#include "clients/json/parse_json.h"

namespace balance {

Result<Duration> TimeLeft(const Clock& clock, SteadyTime deadline, Duration attempt_timeout) {
  const Duration left = std::min(attempt_timeout, deadline - clock.SteadyNow());
  if (left <= Duration::zero()) {
    return Fail(ErrorKind::kDeadlineExceeded,
                "No time was left to ask the upstream; allow a longer deadline.");
  }
  return left;
}

boost::asio::awaitable<Result<Exchange>> SendTimed(HttpTransport& transport, const Clock& clock,
                                                   FetchContext context, HttpRequest request) {
  Exchange exchange;
  exchange.sent = clock.Time();
  if (context.progress != nullptr) context.progress->NoteSent(exchange.sent);
  Result<HttpResponse> response = co_await transport.Send(std::move(request));
  exchange.received_wall = clock.WallNow();
  if (!response) co_return tl::unexpected<Error>(std::move(response.error()));
  exchange.response = *std::move(response);
  co_return exchange;
}

void ObserveDate(const Exchange& exchange, UpstreamClock& upstream_clock) {
  if (IsOutOfCache(exchange.response)) return;
  const std::optional<WallTime> date = ParseHttpDate(exchange.response.Header("Date"));
  if (date) upstream_clock.Observe(*date, exchange.sent.wall, exchange.received_wall);
}

Error NoAnswer(std::string_view venue, Error error) {
  if (error.kind == ErrorKind::kInvalidInput) {
    error.kind = ErrorKind::kUnreachable;
    error.may_be_configuration = true;
  }
  error.message = std::string(venue) + " gave no usable answer: " + error.message +
                  "; it is asked again with the next read.";
  return error;
}

std::string DescribeUnreadable(const HttpResponse& response,
                               std::span<const std::string_view> secrets) {
  if (!ParseJson(response.body)) return ScrubForLog(response.body, secrets);
  return std::to_string(response.body.size()) + " bytes of JSON";
}

std::string RequestId(const HttpResponse& response,
                      std::initializer_list<std::string_view> header_names,
                      std::span<const std::string_view> secrets) {
  for (const std::string_view name : header_names) {
    std::string id = CleanRequestId(response.Header(name));
    if (!id.empty() && !HoldsSecret(id, secrets)) return id;
  }
  return {};
}

Result<Reading> ToReading(ParsedBalances parsed, const Exchange& exchange, std::string request_id) {
  const std::optional<Duration> cache_age = CacheAge(exchange.response);
  if (!cache_age) {
    Error error{ErrorKind::kReplyInvalid,
                "The answer came out of a cache that does not say how old it is; have the proxy on "
                "the way pass requests with Cache-Control: no-cache on."};
    error.request_id = std::move(request_id);
    return tl::unexpected<Error>(std::move(error));
  }
  Reading reading;
  reading.balances = std::move(parsed.balances);
  // Give back the vectors' reserve: the reading is kept until the next one.
  for (CurrencyBalance& balance : reading.balances) balance.other_fields.shrink_to_fit();
  reading.warnings = std::move(parsed.warnings);
  if (*cache_age > Duration::zero()) {
    reading.warnings.push_back({WarningKind::kCachedReply,
                                "A cache on the way answered in the venue's place; the figures are "
                                "as old as it says."});
  }
  reading.cache_age = *cache_age;
  reading.observe_time = exchange.sent.wall - *cache_age;
  reading.observe_steady = exchange.sent.steady - *cache_age;
  reading.receive_time = exchange.received_wall;
  reading.request_id = std::move(request_id);
  return reading;
}

}  // namespace balance
