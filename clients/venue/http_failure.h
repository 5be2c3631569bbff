#pragma once

// Turns an answer other than a 200 into an Error, by the rules that all venues share. The status
// decides; the body is used for diagnosis only.

#include <optional>
#include <span>
#include <string_view>

#include "clients/core/error.h"
#include "clients/http/http_transport.h"
#include "clients/json/json_value.h"

namespace balance {

// Meaning of an answer. `what` and `remedy` are literals and complete the sentence "<venue> <what>
// (HTTP <status>); <remedy>."
struct Verdict {
  ErrorKind kind;
  std::string_view what;
  std::string_view remedy;
};

// Meaning of a status at every venue. Each venue first looks at those that need more than the
// status: 401, 402, 403, 404, 422.
Verdict JudgeStatus(int status);

// Meaning of a 402 or 403. An upstream that explains itself in JSON or with a code (`explained`)
// refuses the permission; plain text, such as "error code: 1010", and HTML come from the edge
// before it.
Verdict JudgeForbidden(bool explained);

// The body of an error as JSON object; unset if it is none, or too long to be one worth reading.
std::optional<JsonValue> ParseErrorBody(const HttpResponse& response);

// The Error of `verdict`: transient on 408, 409, 425 and 5xx, with Retry-After on 429 and 503, and
// with the body for the log, in which `secrets` and what looks like one are masked. If the answer
// comes out of a cache on the way (Error::is_out_of_cache), an error that does not heal becomes
// kUpstreamError, and Retry-After is counted from when the upstream said it: unset if nothing of it
// is left, or if the age of the answer cannot be read.
Error MakeFailure(std::string_view venue, const Verdict& verdict, const HttpResponse& response,
                  std::span<const std::string_view> secrets);

// Longest error body, in bytes, that is looked into.
inline constexpr std::size_t kMaxErrorBody = std::size_t{64} * 1024;

}  // namespace balance
