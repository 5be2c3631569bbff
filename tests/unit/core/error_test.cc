#include "clients/core/error.h"

#include <gtest/gtest.h>

#include <set>

namespace balance {
namespace {

struct Row {
  ErrorKind kind;
  const char* reason;
  StatusCode code;
  bool heals;
};

constexpr auto kUnavailable = StatusCode::kUnavailable;
constexpr auto kPrecondition = StatusCode::kFailedPrecondition;

// The public contract, row by row.
constexpr Row kContract[] = {
    {ErrorKind::kUnreachable, "SOURCE_UNREACHABLE", kUnavailable, true},
    {ErrorKind::kUpstreamError, "SOURCE_ERROR", kUnavailable, true},
    {ErrorKind::kReplyInvalid, "SOURCE_REPLY_INVALID", kUnavailable, true},
    {ErrorKind::kRateLimited, "SOURCE_RATE_LIMITED", kUnavailable, true},
    {ErrorKind::kCredentialsRejected, "SOURCE_CREDENTIALS_REJECTED", kPrecondition, false},
    {ErrorKind::kClockSkew, "SOURCE_CLOCK_SKEW", kPrecondition, false},
    {ErrorKind::kForbidden, "SOURCE_FORBIDDEN", kPrecondition, false},
    {ErrorKind::kAccountMissing, "SOURCE_ACCOUNT_MISSING", kPrecondition, false},
    {ErrorKind::kFreshnessUnsatisfied, "FRESHNESS_UNSATISFIED", kUnavailable, true},
    {ErrorKind::kNotCached, "NOT_CACHED", kPrecondition, true},
    {ErrorKind::kDeadlineExceeded, "DEADLINE_EXCEEDED", StatusCode::kDeadlineExceeded, true},
};

TEST(ErrorTraitsTest, EachKindHasTheReasonAndCodeOfTheContract) {
  for (const Row& row : kContract) {
    const ErrorTraits& traits = TraitsOf(row.kind);
    EXPECT_EQ(traits.reason, row.reason);
    EXPECT_EQ(traits.code, row.code) << row.reason;
    EXPECT_EQ(traits.heals, row.heals) << row.reason;
  }
}

TEST(ErrorTraitsTest, TheTableIsInTheOrderOfTheKindsAndReasonsDiffer) {
  std::set<std::string_view> reasons;
  for (int i = 0; i < kErrorKindCount; ++i) {
    const auto kind = static_cast<ErrorKind>(i);
    EXPECT_EQ(TraitsOf(kind).kind, kind);
    EXPECT_TRUE(reasons.insert(TraitsOf(kind).reason).second);
  }
}

}  // namespace
}  // namespace balance
