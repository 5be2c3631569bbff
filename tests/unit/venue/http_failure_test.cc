#include "clients/venue/http_failure.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <string>

namespace balance {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;

TEST(JudgeStatusTest, EveryStatusHasItsKind) {
  struct Row {
    int status;
    ErrorKind kind;
  };
  for (const Row& row : {
           Row{0, ErrorKind::kUpstreamError},   Row{201, ErrorKind::kReplyInvalid},
           Row{204, ErrorKind::kReplyInvalid},  Row{206, ErrorKind::kReplyInvalid},
           Row{301, ErrorKind::kUpstreamError}, Row{302, ErrorKind::kUpstreamError},
           Row{304, ErrorKind::kUpstreamError}, Row{400, ErrorKind::kUpstreamError},
           Row{405, ErrorKind::kUpstreamError}, Row{408, ErrorKind::kUpstreamError},
           Row{409, ErrorKind::kUpstreamError}, Row{413, ErrorKind::kUpstreamError},
           Row{425, ErrorKind::kUpstreamError}, Row{429, ErrorKind::kRateLimited},
           Row{464, ErrorKind::kUpstreamError}, Row{500, ErrorKind::kUpstreamError},
           Row{502, ErrorKind::kUpstreamError}, Row{503, ErrorKind::kUpstreamError},
           Row{504, ErrorKind::kUpstreamError}, Row{520, ErrorKind::kUpstreamError},
       }) {
    EXPECT_EQ(JudgeStatus(row.status).kind, row.kind) << row.status;
  }
}

TEST(JudgeForbiddenTest, PermissionAndEdgeHaveDifferentRemedies) {
  const Verdict permission = JudgeForbidden(true);
  const Verdict edge = JudgeForbidden(false);

  EXPECT_EQ(permission.kind, ErrorKind::kForbidden);
  EXPECT_EQ(edge.kind, ErrorKind::kForbidden);
  EXPECT_THAT(std::string(permission.remedy), HasSubstr("permissions"));
  EXPECT_THAT(std::string(edge.remedy), HasSubstr("egress"));
}

TEST(ParseErrorBodyTest, OnlyAnObjectOfReasonableSizeIsReadAtAll) {
  EXPECT_TRUE(ParseErrorBody({400, {}, R"({"code":5})"}));
  for (const std::string body : {"", "[]", "\"x\"", "error code: 1010", "<html>", "{"}) {
    EXPECT_FALSE(ParseErrorBody({400, {}, body})) << body;
  }
  const std::string large = R"({"a":")" + std::string(kMaxErrorBody, 'x') + R"("})";
  EXPECT_FALSE(ParseErrorBody({400, {}, large}));
}

TEST(MakeFailureTest, TextHasStatusAndRemedyAndNothingOfTheUpstream) {
  const std::array<std::string_view, 1> secrets = {"s3cr3t"};

  const Error error =
      MakeFailure("Venue", JudgeStatus(500), {500, {}, "stack trace, key s3cr3t"}, secrets);

  EXPECT_THAT(error.message, HasSubstr("Venue has trouble of its own (HTTP 500); "));
  EXPECT_THAT(error.message, Not(HasSubstr("stack trace")));
  EXPECT_THAT(error.log_detail, HasSubstr("stack trace"));
  EXPECT_THAT(error.log_detail, Not(HasSubstr("s3cr3t")));
}

TEST(MakeFailureTest, RetryAfterCountsOn429And503Only) {
  const auto retry_after = [](int status) {
    const HttpResponse response{status, {{"retry-after", "7"}}, ""};
    return MakeFailure("Venue", JudgeStatus(status), response, {}).retry_after;
  };

  EXPECT_EQ(retry_after(429), seconds(7));
  EXPECT_EQ(retry_after(503), seconds(7));
  EXPECT_EQ(retry_after(500), std::nullopt);
  EXPECT_EQ(retry_after(401), std::nullopt);
  EXPECT_EQ(MakeFailure("Venue", JudgeStatus(429), {429, {}, ""}, {}).retry_after, std::nullopt);
}

TEST(MakeFailureTest, M101_ARefusalOutOfACacheCondemnsNoKey) {
  const HttpResponse cached{403, {{"Age", "30"}}, ""};
  const HttpResponse direct{403, {}, ""};

  const Error error = MakeFailure("Venue", JudgeForbidden(true), cached, {});

  EXPECT_EQ(error.kind, ErrorKind::kUpstreamError);
  EXPECT_THAT(error.message, HasSubstr("out of a cache"));
  EXPECT_EQ(MakeFailure("Venue", JudgeForbidden(true), direct, {}).kind, ErrorKind::kForbidden);
}

TEST(MakeFailureTest, M101_RetryAfterOfACachedAnswerCountsFromWhenItWasGiven) {
  const auto retry_after = [](const char* age) {
    const HttpResponse response{429, {{"Retry-After", "60"}, {"Age", age}}, ""};
    return MakeFailure("Venue", JudgeStatus(429), response, {}).retry_after;
  };

  EXPECT_EQ(retry_after("0"), seconds(60));
  EXPECT_EQ(retry_after("45"), seconds(15));
  EXPECT_EQ(retry_after("60"), std::nullopt);
  EXPECT_EQ(retry_after("99999999999999"), std::nullopt);
  EXPECT_EQ(retry_after("a while"), std::nullopt);
}

TEST(MakeFailureTest, M101_AnErrorSaysWhetherItComesOutOfACache) {
  const auto is_out_of_cache = [](const char* age) {
    return MakeFailure("Venue", JudgeStatus(429), {429, {{"Age", age}}, ""}, {}).is_out_of_cache;
  };

  EXPECT_TRUE(is_out_of_cache("45"));
  EXPECT_TRUE(is_out_of_cache("a while"));
  EXPECT_FALSE(is_out_of_cache("0"));
}

}  // namespace
}  // namespace balance
