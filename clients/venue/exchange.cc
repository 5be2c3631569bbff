#include "clients/venue/exchange.h"

#include <algorithm>
#include <utility>

#include "clients/http/scrub.h"

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
  exchange.sent_wall = clock.WallNow();
  exchange.sent_steady = clock.SteadyNow();
  if (context.progress != nullptr) context.progress->sent_at = exchange.sent_steady;
  Result<HttpResponse> response = co_await transport.Send(std::move(request));
  exchange.received_wall = clock.WallNow();
  if (!response) co_return tl::unexpected<Error>(std::move(response.error()));
  exchange.response = *std::move(response);
  co_return exchange;
}

Error NoAnswer(std::string_view venue, Error error) {
  if (error.kind == ErrorKind::kInvalidInput) error.kind = ErrorKind::kUnreachable;
  error.message = std::string(venue) + " gave no usable answer: " + error.message +
                  "; it is asked again with the next read.";
  return error;
}

std::string RequestId(const HttpResponse& response,
                      std::initializer_list<std::string_view> header_names) {
  for (const std::string_view name : header_names) {
    std::string id = CleanRequestId(response.Header(name));
    if (!id.empty()) return id;
  }
  return {};
}

Reading ToReading(ParsedBalances parsed, const Exchange& exchange, std::string request_id) {
  Reading reading;
  reading.balances = std::move(parsed.balances);
  reading.warnings = std::move(parsed.warnings);
  reading.observe_time = exchange.sent_wall;
  reading.observe_steady = exchange.sent_steady;
  reading.receive_time = exchange.received_wall;
  reading.request_id = std::move(request_id);
  return reading;
}

}  // namespace balance
