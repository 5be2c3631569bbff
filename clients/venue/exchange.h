#pragma once

// One attempt to read a venue over HTTP, and when it took place: what the venues' clients share.

#include <boost/asio/awaitable.hpp>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

#include "clients/core/balance_source.h"
#include "clients/core/clock.h"
#include "clients/core/reading.h"
#include "clients/core/result.h"
#include "clients/core/upstream_clock.h"
#include "clients/http/http_transport.h"
#include "clients/venue/parsed_balances.h"

namespace balance {

// An answer of any status, and the times of its exchange.
struct Exchange {
  HttpResponse response;
  // Time just before the request was sent.
  Now sent;
  // Time just after the whole answer had arrived.
  WallTime received_wall;
};

// Time that an attempt may take: `attempt_timeout`, or less if the deadline comes first. Fails with
// kDeadlineExceeded if no time is left.
Result<Duration> TimeLeft(const Clock& clock, SteadyTime deadline, Duration attempt_timeout);

// Sends at once and notes the time in context.progress. Errors are those of the transport.
boost::asio::awaitable<Result<Exchange>> SendTimed(HttpTransport& transport, const Clock& clock,
                                                   FetchContext context, HttpRequest request);

// Tells `upstream_clock` the Date of an answer, unless a cache on the way gave it.
void ObserveDate(const Exchange& exchange, UpstreamClock& upstream_clock);

// The error of an exchange without an answer, as one of `venue`: who is meant, what happened, what
// is done. A request that could not be sent is no mistake of a caller's, so it is kUnreachable too,
// and may be due to our configuration.
Error NoAnswer(std::string_view venue, Error error);

// Text for the log about an answer with status 200 that is no balance: its body if that is no JSON,
// such as a login page, but never figures. `secrets` are masked.
std::string DescribeUnreadable(const HttpResponse& response,
                               std::span<const std::string_view> secrets);

// The first of `header_names` that holds an id fit for logs and callers; empty if none does. An id
// that holds one of `secrets` is not fit, see HoldsSecret().
std::string RequestId(const HttpResponse& response,
                      std::initializer_list<std::string_view> header_names,
                      std::span<const std::string_view> secrets);

// The reading that `parsed` makes with the times of its exchange. An answer out of a cache on the
// way is as old as its Age says, and has the warning CACHED_REPLY. Fails with kReplyInvalid if the
// Age cannot be read: a figure of unknown age is none.
Result<Reading> ToReading(ParsedBalances parsed, const Exchange& exchange, std::string request_id);

}  // namespace balance
