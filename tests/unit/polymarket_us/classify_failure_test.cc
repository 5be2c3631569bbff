#include "clients/polymarket_us/classify_failure.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <string>

namespace balance::polymarket_us {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;

// Fri, 18 Sep 2026 14:05:22 GMT.
const WallTime kSent =
    WallTime(std::chrono::sys_days(std::chrono::year(2026) / 9 / 18)) + seconds(50722);

Error Classify(const HttpResponse& response) {
  return ClassifyFailure(response, kSent, kSent + seconds(1), {});
}

ErrorKind KindWithDate(const std::string& date, std::vector<HttpHeader> headers = {}) {
  headers.push_back({"Date", date});
  return Classify({401, headers, "API key not found\n"}).kind;
}

TEST(PolymarketUsFailureTest, EveryAnswerThatWasSeen) {
  struct Row {
    int status;
    std::string body;
    ErrorKind kind;
  };
  for (const Row& row : {
           Row{401, "Missing required API key headers", ErrorKind::kCredentialsRejected},
           Row{401, "API key not found\n", ErrorKind::kCredentialsRejected},
           Row{401, "rpc error: code = Unauthenticated desc = ", ErrorKind::kCredentialsRejected},
           Row{401, R"({"error":"invalid signature"})", ErrorKind::kCredentialsRejected},
           Row{401, "", ErrorKind::kCredentialsRejected},
           Row{401, "unauthorized: ", ErrorKind::kCredentialsRejected},
           Row{401, "API key has expired", ErrorKind::kCredentialsRejected},
           Row{401, "check X-PM-Access-Key, X-PM-Timestamp and X-PM-Signature",
               ErrorKind::kCredentialsRejected},
           Row{401, R"({"message":"request Timestamp is too old"})", ErrorKind::kClockSkew},
           Row{401, "X-PM-Timestamp: timestamp outside of window", ErrorKind::kClockSkew},
           Row{401, "CLOCK skew detected", ErrorKind::kClockSkew},
           Row{401, "Expired signature", ErrorKind::kClockSkew},
           Row{401, "the signature has expired", ErrorKind::kClockSkew},
           Row{401,
               R"({"timestamp":"2026-09-18T14:05:22Z","status":401,"error":"Unauthorized",)"
               R"("message":"API key not found","path":"/v1/clock"})",
               ErrorKind::kCredentialsRejected},
           Row{401, R"({"error":"check the header X-PM-Timestamp"})",
               ErrorKind::kCredentialsRejected},
           Row{401, R"({"time":"x","detail":"request timestamp is too old"})",
               ErrorKind::kClockSkew},
           Row{401, R"({"error":{"code":16,"message":"Timestamp expired"}})",
               ErrorKind::kClockSkew},
           Row{401, R"({"detail":["no",{"message":"clock skew"}]})", ErrorKind::kClockSkew},
           Row{401, R"(["timestamp expired"])", ErrorKind::kClockSkew},
           Row{402, "", ErrorKind::kForbidden},
           Row{403, R"({"code":7,"message":"permission denied","details":[]})",
               ErrorKind::kForbidden},
           Row{403, "<html>blocked</html>", ErrorKind::kForbidden},
           Row{403, "error code: 1010", ErrorKind::kForbidden},
           Row{404, "404 page not found", ErrorKind::kUpstreamError},
           Row{404, "", ErrorKind::kUpstreamError},
           Row{404, R"({"message":"no"})", ErrorKind::kUpstreamError},
           Row{404, R"({"code":"5"})", ErrorKind::kUpstreamError},
           Row{404, R"({"code":5,"message":"account not found","details":[]})",
               ErrorKind::kAccountMissing},
           Row{400, R"({"code":3})", ErrorKind::kUpstreamError},
           Row{405, "", ErrorKind::kUpstreamError},
           Row{408, "", ErrorKind::kUpstreamError},
           Row{409, "", ErrorKind::kUpstreamError},
           Row{422, R"({"detail":[]})", ErrorKind::kUpstreamError},
           Row{425, "", ErrorKind::kUpstreamError},
           Row{429, R"({"status":429,"message":"Too Many Requests"})", ErrorKind::kRateLimited},
           Row{429, "<html>error code: 1015</html>", ErrorKind::kRateLimited},
           Row{464, "", ErrorKind::kUpstreamError},
           Row{500, "", ErrorKind::kUpstreamError},
           Row{502, "Bad Gateway", ErrorKind::kUpstreamError},
           Row{503, "<html></html>", ErrorKind::kUpstreamError},
           Row{504, "", ErrorKind::kUpstreamError},
           Row{302, "", ErrorKind::kUpstreamError},
           Row{202, R"({"balances":[]})", ErrorKind::kReplyInvalid},
           Row{204, "", ErrorKind::kReplyInvalid},
       }) {
    EXPECT_EQ(Classify({row.status, {}, row.body}).kind, row.kind) << row.status << row.body;
  }
}

TEST(PolymarketUsFailureTest, ADateFarFromOursIsAClockSkew) {
  EXPECT_EQ(KindWithDate("Fri, 18 Sep 2026 14:05:22 GMT"), ErrorKind::kCredentialsRejected);
  EXPECT_EQ(KindWithDate("Fri, 18 Sep 2026 14:04:51 GMT"), ErrorKind::kCredentialsRejected);
  EXPECT_EQ(KindWithDate("Fri, 18 Sep 2026 14:04:50 GMT"), ErrorKind::kClockSkew);
  EXPECT_EQ(KindWithDate("Fri, 18 Sep 2026 14:05:53 GMT"), ErrorKind::kCredentialsRejected);
  EXPECT_EQ(KindWithDate("Fri, 18 Sep 2026 14:05:54 GMT"), ErrorKind::kClockSkew);
  EXPECT_EQ(KindWithDate("yesterday"), ErrorKind::kCredentialsRejected);
}

TEST(PolymarketUsFailureTest, ACachedAnswerSaysNothingOfTheClockOrTheKey) {
  const std::string old = "Fri, 18 Sep 2026 14:00:00 GMT";

  EXPECT_EQ(KindWithDate(old, {{"Age", "300"}}), ErrorKind::kUpstreamError);
  EXPECT_EQ(KindWithDate(old, {{"Age", "0"}}), ErrorKind::kClockSkew);
}

TEST(PolymarketUsFailureTest, RefusalAndEdgeBlockHaveDifferentRemedies) {
  const Error refusal = Classify({403, {}, R"({"code":7,"message":"permission denied"})"});
  const Error block = Classify({403, {}, "error code: 1010"});

  EXPECT_THAT(refusal.message, HasSubstr("permission"));
  EXPECT_THAT(block.message, HasSubstr("edge"));
}

TEST(PolymarketUsFailureTest, RetryAfterIsKept) {
  EXPECT_EQ(Classify({429, {{"Retry-After", "2"}}, ""}).retry_after, seconds(2));
  EXPECT_EQ(Classify({503, {{"Retry-After", "3"}}, ""}).retry_after, seconds(3));
  EXPECT_EQ(Classify({429, {}, ""}).retry_after, std::nullopt);
}

TEST(PolymarketUsFailureTest, TextIsOursAndSecretsAreMasked) {
  const std::array<std::string_view, 1> secrets = {"key-id-1"};

  const Error error =
      ClassifyFailure({401, {}, "no such key: key-id-1, sorry"}, kSent, kSent, secrets);

  EXPECT_THAT(error.message, HasSubstr("Polymarket US rejects our key (HTTP 401); "));
  EXPECT_THAT(error.message, Not(HasSubstr("sorry")));
  EXPECT_THAT(error.log_detail, HasSubstr("sorry"));
  EXPECT_THAT(error.log_detail, Not(HasSubstr("key-id-1")));
}

TEST(PolymarketUsFailureTest, HostileBodiesAreOnlyText) {
  for (const int status : {401, 403, 404, 429, 500}) {
    for (const std::string& body :
         {std::string(1'000'000, '['), std::string("{\"code\":\xff}"), std::string(3'000'000, 'x'),
          std::string(64, '\0'), std::string("{\"code\":1E400}")}) {
      EXPECT_FALSE(Classify({status, {}, body}).message.empty());
    }
  }
}

}  // namespace
}  // namespace balance::polymarket_us
