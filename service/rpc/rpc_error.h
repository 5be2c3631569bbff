#pragma once

// Errors of the public API: a status whose details are a google.rpc.Status with an ErrorInfo.

#include <google/protobuf/message.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

#include "clients/core/clock.h"
#include "clients/core/error.h"
#include "clients/core/status_code.h"
#include "service/access/access_denial.h"
#include "service/transport/call_status.h"

namespace balance {

// ErrorInfo.reason of errors that are about the request. Those about a source are in the table
// behind TraitsOf().
namespace reason {
inline constexpr std::string_view kInvalidName = "INVALID_NAME";
inline constexpr std::string_view kInvalidReadPolicy = "INVALID_READ_POLICY";
inline constexpr std::string_view kInvalidView = "INVALID_VIEW";
inline constexpr std::string_view kInvalidFundClass = "INVALID_FUND_CLASS";
inline constexpr std::string_view kInvalidPageSize = "INVALID_PAGE_SIZE";
inline constexpr std::string_view kInvalidPageToken = "INVALID_PAGE_TOKEN";
inline constexpr std::string_view kInvalidBatch = "INVALID_BATCH";
inline constexpr std::string_view kInvalidRequest = "INVALID_REQUEST";
inline constexpr std::string_view kAccountNotConfigured = "ACCOUNT_NOT_CONFIGURED";
inline constexpr std::string_view kSourceNotConfigured = "SOURCE_NOT_CONFIGURED";
inline constexpr std::string_view kCallerUnknown = "CALLER_UNKNOWN";
inline constexpr std::string_view kCallerNotAllowed = "CALLER_NOT_ALLOWED";
inline constexpr std::string_view kRequiredSourcesMissing = "REQUIRED_SOURCES_MISSING";
inline constexpr std::string_view kNoSourceAvailable = "NO_SOURCE_AVAILABLE";
inline constexpr std::string_view kOverloaded = "OVERLOADED";
inline constexpr std::string_view kAnswerTooLarge = "ANSWER_TOO_LARGE";
inline constexpr std::string_view kInvalidWatch = "INVALID_WATCH";
inline constexpr std::string_view kTooManyWatchers = "TOO_MANY_WATCHERS";
inline constexpr std::string_view kWatcherTooSlow = "WATCHER_TOO_SLOW";
inline constexpr std::string_view kWatchEnded = "WATCH_ENDED";
}  // namespace reason

using ErrorMetadata = std::vector<std::pair<std::string, std::string>>;

// Why a call is not answered with a message.
struct RpcError {
  StatusCode code = StatusCode::kInternal;
  // ErrorInfo.reason. Empty: a status without details, of a call that nobody waits for any more.
  std::string_view reason;
  // One sentence: what happened and what to do.
  std::string message;
  ErrorMetadata metadata;
  std::optional<Duration> retry_after;
  // The request's field that is wrong, such as `policy.max_age`; empty if none is.
  std::string field;
  // With `field`: what is wrong with it.
  std::string description;
};

// A part of an answer, or why there is none.
template <typename T>
using RpcResult = tl::expected<T, RpcError>;
using RpcFailure = tl::unexpected<RpcError>;

CallStatus ToCallStatus(const RpcError& error);

// CANCELLED or DEADLINE_EXCEEDED, which nobody is there to read.
RpcFailure NobodyWaits(StatusCode code, std::string message);

// INVALID_ARGUMENT (INVALID_REQUEST): bytes that are no `request`.
RpcFailure NotParsed(const google::protobuf::Message& request);

// INVALID_ARGUMENT about one field of the request.
RpcFailure InvalidField(std::string_view reason, std::string field, std::string message);

// RESOURCE_EXHAUSTED (OVERLOADED), with a RetryInfo: the service has as much to do as it takes on.
// `what` says of what, as the subject of a sentence.
RpcFailure Overloaded(std::string_view what);

// RESOURCE_EXHAUSTED (ANSWER_TOO_LARGE): the answer would be longer than `most` bytes. `remedy`
// says what to ask for instead.
RpcFailure AnswerTooLarge(std::size_t most, std::string_view remedy);

// RESOURCE_EXHAUSTED (TOO_MANY_WATCHERS), with a RetryInfo.
RpcFailure TooManyWatchers();
// The same, because of how many accounts they watch: the stream that was to begin has so many.
RpcFailure TooManyWatchedAccounts(std::size_t accounts);

// ABORTED (WATCHER_TOO_SLOW): a message of a stream was not taken in `patience`.
RpcFailure WatcherTooSlow(Duration patience);

// UNAVAILABLE (WATCH_ENDED), with a RetryInfo: the server has ended the stream. `why` is a part of
// a sentence.
RpcFailure WatchEnded(std::string_view why, Duration retry_after);

// UNAUTHENTICATED or PERMISSION_DENIED: only ever about the caller.
RpcFailure Refused(AccessRefusal refusal);

// The error of one source, `accounts/{account}/sources/{source}`, as the error of the whole call.
RpcFailure FailureOf(const Error& error, const std::string& source_name);

// What a caller sent, short enough to be repeated in an error: gRPC's clients drop an error of more
// than 8 KiB.
std::string ShortText(std::string_view text);

}  // namespace balance
