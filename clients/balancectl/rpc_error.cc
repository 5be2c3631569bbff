#include "clients/balancectl/rpc_error.h"

#include <array>
#include <cstddef>
#include <map>
#include <string_view>
#include <vector>

#include "clients/balancectl/terminal_text.h"
#include "clients/balancectl/time_text.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace balance::ctl {
namespace {

std::string_view CodeName(grpc::StatusCode code) {
  constexpr std::array<std::string_view, 17> kNames = {"OK",
                                                       "CANCELLED",
                                                       "UNKNOWN",
                                                       "INVALID_ARGUMENT",
                                                       "DEADLINE_EXCEEDED",
                                                       "NOT_FOUND",
                                                       "ALREADY_EXISTS",
                                                       "PERMISSION_DENIED",
                                                       "RESOURCE_EXHAUSTED",
                                                       "FAILED_PRECONDITION",
                                                       "ABORTED",
                                                       "OUT_OF_RANGE",
                                                       "UNIMPLEMENTED",
                                                       "INTERNAL",
                                                       "UNAVAILABLE",
                                                       "DATA_LOSS",
                                                       "UNAUTHENTICATED"};
  const auto index = static_cast<std::size_t>(code);
  return index < kNames.size() ? kNames[index] : "UNKNOWN";
}

struct Details {
  std::string reason;
  std::vector<std::string> notes;
};

void Add(const google::rpc::ErrorInfo& info, Details& details) {
  details.reason = info.reason();
  // The map's own order differs from run to run.
  for (const auto& [key, value] :
       std::map<std::string, std::string>(info.metadata().begin(), info.metadata().end())) {
    details.notes.push_back(key + "=" + value);
  }
}

void Add(const google::rpc::RetryInfo& info, Details& details) {
  details.notes.push_back("retry in " + FormatElapsed(ToNanoseconds(info.retry_delay())));
}

void Add(const google::rpc::BadRequest& bad, Details& details) {
  for (const auto& violation : bad.field_violations()) {
    details.notes.push_back(violation.field() + ": " + violation.description());
  }
}

template <typename Message>
void AddIfIs(const google::protobuf::Any& any, Details& details) {
  Message message;
  if (any.Is<Message>() && any.UnpackTo(&message)) Add(message, details);
}

Details Decode(const std::string& bytes) {
  Details details;
  google::rpc::Status status;
  if (!status.ParseFromString(bytes)) return details;
  for (const auto& any : status.details()) AddIfIs<google::rpc::ErrorInfo>(any, details);
  for (const auto& any : status.details()) AddIfIs<google::rpc::BadRequest>(any, details);
  for (const auto& any : status.details()) AddIfIs<google::rpc::RetryInfo>(any, details);
  return details;
}

}  // namespace

std::string ReasonOf(const grpc::Status& status) { return Decode(status.error_details()).reason; }

std::string DescribeRpcError(const grpc::Status& status, const std::string& server) {
  Details details = Decode(status.error_details());
  std::string text(CodeName(status.error_code()));
  if (details.reason.empty()) {
    details.notes.insert(details.notes.begin(), "server=" + server);
  } else {
    text += " (" + details.reason + ")";
  }
  if (!status.error_message().empty()) text += ": " + status.error_message();
  std::string notes;
  for (const std::string& note : details.notes) notes += (notes.empty() ? "" : ", ") + note;
  if (!notes.empty()) text += " [" + notes + "]";
  return SafeText(text);
}

}  // namespace balance::ctl
