#include "service/rpc/status.h"

#include "google/rpc/error_details.pb.h"
#include "service/snapshot/encode.h"

namespace balance {
namespace {

// Time in which the longest queue is worked off.
constexpr Duration kOverloadPause = std::chrono::seconds(1);

grpc::Status WithDetails(const google::rpc::Status& status) {
  return {static_cast<grpc::StatusCode>(status.code()), status.message(),
          status.SerializeAsString()};
}

}  // namespace

grpc::Status ToGrpcStatus(const RpcError& error) {
  google::rpc::Status status;
  status.set_code(error.code);
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
  return WithDetails(status);
}

grpc::Status InvalidField(std::string_view reason, std::string field, std::string message) {
  RpcError error;
  error.code = grpc::StatusCode::INVALID_ARGUMENT;
  error.reason = reason;
  error.message = field + ": " + message;
  error.description = std::move(message);
  error.metadata = {{"field", field}};
  error.field = std::move(field);
  return ToGrpcStatus(error);
}

grpc::Status Overloaded(std::string_view what) {
  RpcError error;
  error.code = grpc::StatusCode::RESOURCE_EXHAUSTED;
  error.reason = reason::kOverloaded;
  error.message = std::string(what) + "; try again after the time in RetryInfo";
  error.retry_after = kOverloadPause;
  return ToGrpcStatus(error);
}

grpc::Status AnswerTooLarge(std::size_t most, std::string_view remedy) {
  RpcError error;
  error.code = grpc::StatusCode::RESOURCE_EXHAUSTED;
  error.reason = reason::kAnswerTooLarge;
  error.message =
      "the answer would be longer than " + std::to_string(most) + " bytes; " + std::string(remedy);
  error.metadata = {{"max_answer_size", std::to_string(most)}};
  return ToGrpcStatus(error);
}

grpc::Status ToGrpcStatus(AccessRefusal refusal) {
  const bool is_known = IsIdentified(refusal);
  RpcError error;
  error.code = is_known ? grpc::StatusCode::PERMISSION_DENIED : grpc::StatusCode::UNAUTHENTICATED;
  error.reason = is_known ? reason::kCallerNotAllowed : reason::kCallerUnknown;
  error.message = Explain(refusal);
  error.metadata = {{"refusal", std::string(NameOf(refusal))}};
  return ToGrpcStatus(error);
}

std::string ShortText(std::string_view text) {
  constexpr std::size_t kLongest = 80;
  if (text.size() <= kLongest) return std::string(text);
  // Not in the middle of a character.
  std::size_t end = kLongest;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return std::string(text.substr(0, end)) + "...";
}

grpc::Status ToGrpcStatus(const Error& error, const std::string& source_name) {
  return WithDetails(ToRpcStatus(error, {{"source", source_name}}));
}

}  // namespace balance
