#include "service/rpc/rpc_error.h"

#include <chrono>

#include "clients/core/utf8.h"
#include "google/rpc/error_details.pb.h"
#include "service/snapshot/encode.h"

namespace balance {
namespace {

// Time in which the longest queue is worked off.
constexpr Duration kOverloadPause = std::chrono::seconds(1);
// Streams live for long, so a place is not free soon.
constexpr Duration kWatchersPause = std::chrono::seconds(5);

}  // namespace

CallStatus ToCallStatus(const RpcError& error) {
  if (error.reason.empty()) return {error.code, error.message, {}};
  google::rpc::Status status;
  status.set_code(static_cast<std::int32_t>(error.code));
  status.set_message(error.message);
  google::rpc::ErrorInfo info;
  info.set_reason(std::string(error.reason));
  info.set_domain(std::string(kErrorDomain));
  for (const auto& [name, value] : error.metadata) (*info.mutable_metadata())[name] = value;
  status.add_details()->PackFrom(info);
  if (error.retry_after) {
    google::rpc::RetryInfo retry;
    *retry.mutable_retry_delay() = ToDuration(*error.retry_after);
    status.add_details()->PackFrom(retry);
  }
  if (!error.field.empty()) {
    google::rpc::BadRequest bad_request;
    auto& violation = *bad_request.add_field_violations();
    violation.set_field(error.field);
    violation.set_description(error.description);
    status.add_details()->PackFrom(bad_request);
  }
  return {error.code, error.message, status.SerializeAsString()};
}

RpcFailure NobodyWaits(StatusCode code, std::string message) {
  RpcError error;
  error.code = code;
  error.message = std::move(message);
  return RpcFailure(std::move(error));
}

RpcFailure NotParsed(const google::protobuf::Message& request) {
  RpcError error;
  error.code = StatusCode::kInvalidArgument;
  error.reason = reason::kInvalidRequest;
  error.message =
      "the request is not a " + request.GetDescriptor()->name() + "; check the client's .proto";
  return RpcFailure(std::move(error));
}

RpcFailure InvalidField(std::string_view reason, std::string field, std::string message) {
  RpcError error;
  error.code = StatusCode::kInvalidArgument;
  error.reason = reason;
  error.message = field + ": " + message;
  error.description = std::move(message);
  error.metadata = {{"field", field}};
  error.field = std::move(field);
  return RpcFailure(std::move(error));
}

RpcFailure Overloaded(std::string_view what) {
  RpcError error;
  error.code = StatusCode::kResourceExhausted;
  error.reason = reason::kOverloaded;
  error.message = std::string(what) + "; try again after the time in RetryInfo";
  error.retry_after = kOverloadPause;
  return RpcFailure(std::move(error));
}

RpcFailure AnswerTooLarge(std::size_t most, std::string_view remedy) {
  RpcError error;
  error.code = StatusCode::kResourceExhausted;
  error.reason = reason::kAnswerTooLarge;
  error.message =
      "the answer would be longer than " + std::to_string(most) + " bytes; " + std::string(remedy);
  error.metadata = {{"max_answer_size", std::to_string(most)}};
  return RpcFailure(std::move(error));
}

RpcFailure TooManyWatchers() {
  RpcError error;
  error.code = StatusCode::kResourceExhausted;
  error.reason = reason::kTooManyWatchers;
  error.message =
      "as many streams are open as there may be; watch several accounts on one stream, or end "
      "streams that are not needed";
  error.retry_after = kWatchersPause;
  return RpcFailure(std::move(error));
}

RpcFailure TooManyWatchedAccounts(std::size_t accounts) {
  RpcError error = TooManyWatchers().value();
  error.message = "with " + std::to_string(accounts) +
                  " more accounts, all streams together would have more than they may; watch fewer "
                  "accounts or on fewer streams, or have the operator raise "
                  "server.max_watched_accounts";
  return RpcFailure(std::move(error));
}

RpcFailure WatcherTooSlow(Duration patience) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(patience).count();
  RpcError error;
  error.code = StatusCode::kAborted;
  error.reason = reason::kWatcherTooSlow;
  error.message = "no message was taken for " + std::to_string(seconds) +
                  " s; read the stream faster, and call again";
  return RpcFailure(std::move(error));
}

RpcFailure WatchEnded(std::string_view why, Duration retry_after) {
  RpcError error;
  error.code = StatusCode::kUnavailable;
  error.reason = reason::kWatchEnded;
  error.message = std::string(why) + "; call again after the time in RetryInfo";
  error.retry_after = retry_after;
  return RpcFailure(std::move(error));
}

RpcFailure Refused(AccessRefusal refusal) {
  const bool is_known = IsIdentified(refusal);
  RpcError error;
  error.code = is_known ? StatusCode::kPermissionDenied : StatusCode::kUnauthenticated;
  error.reason = is_known ? reason::kCallerNotAllowed : reason::kCallerUnknown;
  error.message = Explain(refusal);
  error.metadata = {{"refusal", std::string(NameOf(refusal))}};
  return RpcFailure(std::move(error));
}

std::string ShortText(std::string_view text) {
  constexpr std::size_t kLongest = 80;
  if (text.size() <= kLongest) return std::string(text);
  return std::string(Utf8Prefix(text, kLongest)) + "...";
}

RpcFailure FailureOf(const Error& error, const std::string& source_name) {
  const ErrorTraits& traits = TraitsOf(error.kind);
  RpcError failure;
  failure.code = traits.code;
  failure.reason = traits.reason;
  failure.message = error.message;
  failure.metadata = {{"source", source_name}};
  if (traits.heals) failure.retry_after = error.retry_after;
  return RpcFailure(std::move(failure));
}

}  // namespace balance
