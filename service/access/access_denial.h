#pragma once

// A refused call, for the audit log.

#include <optional>
#include <string>
#include <string_view>

#include "clients/core/trace_context.h"
#include "service/access/access_rules.h"
#include "service/access/rpc_method.h"

namespace balance {

inline constexpr int kAccessRefusalCount = static_cast<int>(AccessRefusal::kAccountNotAllowed) + 1;

// One word for it, as in logs and metrics: UNKNOWN_TOKEN.
std::string_view NameOf(AccessRefusal refusal);

// Whether it is known who is calling.
constexpr bool IsIdentified(AccessRefusal refusal) {
  return refusal == AccessRefusal::kUnknownCertificate ||
         refusal == AccessRefusal::kMethodNotAllowed ||
         refusal == AccessRefusal::kAccountNotAllowed;
}

// One sentence: what is wrong, and what the caller can do.
std::string_view Explain(AccessRefusal refusal);

// Never holds a token.
struct AccessDenial {
  RpcMethod method = RpcMethod::kGetAccountSnapshot;
  AccessRefusal refusal = AccessRefusal::kNothingShown;
  // The id of the caller's rule; empty if there is none.
  std::string caller;
  // The name in the certificate; empty if there is none.
  std::string certificate;
  // Address of the other end of the connection.
  std::string peer;
  // With kAccountNotAllowed: as the caller wrote it.
  std::string account;
  // Which trace the call belongs to; unset if it does not say.
  std::optional<TraceContext> trace;
};

}  // namespace balance
