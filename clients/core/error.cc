#include "clients/core/error.h"

#include <array>

namespace balance {
namespace {

constexpr std::array<ErrorTraits, kErrorKindCount> kTraits = {{
    {ErrorKind::kUnreachable, "SOURCE_UNREACHABLE", StatusCode::kUnavailable, true},
    {ErrorKind::kUpstreamError, "SOURCE_ERROR", StatusCode::kUnavailable, true},
    {ErrorKind::kReplyInvalid, "SOURCE_REPLY_INVALID", StatusCode::kUnavailable, true},
    {ErrorKind::kRateLimited, "SOURCE_RATE_LIMITED", StatusCode::kUnavailable, true},
    {ErrorKind::kCredentialsRejected, "SOURCE_CREDENTIALS_REJECTED",
     StatusCode::kFailedPrecondition, false},
    {ErrorKind::kClockSkew, "SOURCE_CLOCK_SKEW", StatusCode::kFailedPrecondition, false},
    {ErrorKind::kForbidden, "SOURCE_FORBIDDEN", StatusCode::kFailedPrecondition, false},
    {ErrorKind::kAccountMissing, "SOURCE_ACCOUNT_MISSING", StatusCode::kFailedPrecondition, false},
    {ErrorKind::kFreshnessUnsatisfied, "FRESHNESS_UNSATISFIED", StatusCode::kUnavailable, true},
    {ErrorKind::kNotCached, "NOT_CACHED", StatusCode::kFailedPrecondition, true},
    {ErrorKind::kDeadlineExceeded, "DEADLINE_EXCEEDED", StatusCode::kDeadlineExceeded, true},
    {ErrorKind::kCancelled, "CANCELLED", StatusCode::kCancelled, true},
    {ErrorKind::kInvalidInput, "INVALID_INPUT", StatusCode::kInvalidArgument, false},
    {ErrorKind::kInternal, "INTERNAL", StatusCode::kInternal, true},
}};

}  // namespace

const ErrorTraits& TraitsOf(ErrorKind kind) { return kTraits[static_cast<std::size_t>(kind)]; }

}  // namespace balance
