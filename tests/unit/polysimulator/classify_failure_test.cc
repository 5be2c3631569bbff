#include "clients/polysimulator/classify_failure.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

namespace balance::polysimulator {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;

Error Classify(int status, const std::string& body, std::vector<HttpHeader> headers = {}) {
  return ClassifyFailure({status, std::move(headers), body}, {});
}

TEST(PolySimulatorFailureTest, EveryStatusHasItsKind) {
  struct Row {
    int status;
    std::string body;
    ErrorKind kind;
  };
  for (const Row& row : {
           Row{401, "", ErrorKind::kCredentialsRejected},
           Row{401, "timestamp", ErrorKind::kCredentialsRejected},
           Row{402, "", ErrorKind::kForbidden},
           Row{402, R"({"error":"UPGRADE_REQUIRED"})", ErrorKind::kForbidden},
           Row{403, R"({"error":"INSUFFICIENT_PERMISSION"})", ErrorKind::kForbidden},
           Row{403, "error code: 1010", ErrorKind::kForbidden},
           Row{403, "<html></html>", ErrorKind::kForbidden},
           Row{404, R"({"error":"ACCOUNT_NOT_FOUND","message":"x"})", ErrorKind::kAccountMissing},
           Row{404, R"({"error":"WALLET_NOT_FOUND"})", ErrorKind::kAccountMissing},
           Row{404, "404 page not found\n", ErrorKind::kUpstreamError},
           Row{404, "", ErrorKind::kUpstreamError},
           Row{404, R"({"detail":"Not Found"})", ErrorKind::kUpstreamError},
           Row{404, R"({"error":"Account not found"})", ErrorKind::kUpstreamError},
           Row{409, R"({"error":"CONFLICT"})", ErrorKind::kUpstreamError},
           Row{422, R"({"error":"VALIDATION_FAILED"})", ErrorKind::kUpstreamError},
           Row{422, R"({"detail":[{"loc":["query","wallet_id"],"msg":"field required"}]})",
               ErrorKind::kUpstreamError},
           Row{422, R"({"detail":"x"})", ErrorKind::kUpstreamError},
           Row{422,
               R"({"detail":[{"loc":["header","X-API-Key"],"msg":"field required",)"
               R"("type":"value_error.missing"}]})",
               ErrorKind::kCredentialsRejected},
           Row{422, R"({"detail":[{"type":"missing","loc":["header","x-api-key"]}]})",
               ErrorKind::kCredentialsRejected},
           Row{400, "", ErrorKind::kUpstreamError},
           Row{408, "", ErrorKind::kUpstreamError},
           Row{425, "", ErrorKind::kUpstreamError},
           Row{429, R"({"error":"RATE_LIMIT_EXCEEDED"})", ErrorKind::kRateLimited},
           Row{429, R"({"error":"RATE_LIMITED"})", ErrorKind::kRateLimited},
           Row{500, R"({"error":"INTERNAL"})", ErrorKind::kUpstreamError},
           Row{502, "Bad Gateway", ErrorKind::kUpstreamError},
           Row{503, R"({"error":"SERVER_BUSY"})", ErrorKind::kUpstreamError},
           Row{307, "", ErrorKind::kUpstreamError},
           Row{201, R"({"balance":"1"})", ErrorKind::kReplyInvalid},
           Row{204, "", ErrorKind::kReplyInvalid},
       }) {
    EXPECT_EQ(Classify(row.status, row.body).kind, row.kind) << row.status << row.body;
  }
}

TEST(PolySimulatorFailureTest, EveryGenerationOfTheEnvelope) {
  struct Row {
    std::string generation;
    HttpResponse response;
    ErrorKind kind;
    std::string words;
  };
  const std::vector<Row> rows = {
      {"a",
       {401, {}, R"({"error":"HTTP_401","message":"m","request_id":"r"})"},
       ErrorKind::kCredentialsRejected,
       "rejects our key"},
      {"a",
       {404, {}, R"({"error":"HTTP_404","message":"m","request_id":"r"})"},
       ErrorKind::kUpstreamError,
       "behind its edge"},
      {"a2",
       {401, {}, R"({"error":"KEY_EXPIRED","message":"m","details":{}})"},
       ErrorKind::kCredentialsRejected,
       "has expired"},
      {"a2",
       {403, {}, R"({"error":"INSUFFICIENT_SCOPE","message":"m","details":{}})"},
       ErrorKind::kForbidden,
       "may not read"},
      {"a3",
       {429, {}, R"({"detail":"Rate limit exceeded. Retry after 1s."})"},
       ErrorKind::kRateLimited,
       "limits the rate"},
      {"b",
       {401, {{"X-Polysim-Code", "KEY_DEACTIVATED"}}, R"({"error":"This key is off"})"},
       ErrorKind::kCredentialsRejected,
       "was deactivated"},
      {"b",
       {404, {{"X-Polysim-Code", "ACCOUNT_NOT_FOUND"}}, R"({"error":"No account"})"},
       ErrorKind::kAccountMissing,
       "no account"},
      {"c",
       {401,
        {{"X-Polysim-Code", "MISSING_AUTH"}, {"X-Request-Id", "r"}},
        R"({"error":"MISSING_AUTH","message":"m"})"},
       ErrorKind::kCredentialsRejected,
       "saw no key"},
      {"d",
       {401, {}, R"({"error":"INVALID_KEY","message":"m","details":{},"request_id":"r"})"},
       ErrorKind::kCredentialsRejected,
       "rejects our key"},
      {"e",
       {402, {}, R"({"error":"UPGRADE_REQUIRED","feature_key":"api","upgrade_url":"u"})"},
       ErrorKind::kForbidden,
       "asks for a paid plan"},
      {"f",
       {401, {}, R"({"detail":"Invalid API key"})"},
       ErrorKind::kCredentialsRejected,
       "rejects our key"},
      {"f",
       {403, {}, R"({"detail":{"code":"CLOSED_BETA","message":"m"}})"},
       ErrorKind::kForbidden,
       "beta"},
      {"f",
       {422, {}, R"({"detail":[{"loc":["header","X-API-Key"],"msg":"m","type":"t"}]})"},
       ErrorKind::kCredentialsRejected,
       "saw no key"},
      {"g",
       {403, {{"Content-Type", "text/plain"}}, "error code: 1010"},
       ErrorKind::kForbidden,
       "at its edge"},
      {"h", {404, {}, "404 page not found"}, ErrorKind::kUpstreamError, "behind its edge"},
  };
  for (const Row& row : rows) {
    const Error error = ClassifyFailure(row.response, {});

    EXPECT_EQ(error.kind, row.kind) << row.generation;
    EXPECT_THAT(error.message, HasSubstr(row.words)) << row.generation;
  }
}

TEST(PolySimulatorFailureTest, HeaderWinsOverTheBodyButStatusOverBoth) {
  const Error by_header =
      Classify(401, R"({"error":"KEY_EXPIRED"})", {{"X-Polysim-Code", "KEY_DEACTIVATED"}});
  const Error by_status = Classify(503, R"({"error":"KEY_EXPIRED"})");

  EXPECT_THAT(by_header.message, HasSubstr("deactivated"));
  EXPECT_EQ(by_status.kind, ErrorKind::kUpstreamError);
  EXPECT_THAT(by_status.message, Not(HasSubstr("expired")));
}

TEST(PolySimulatorFailureTest, RetryAfterIsKept) {
  EXPECT_EQ(Classify(429, "", {{"Retry-After", "1"}}).retry_after, seconds(1));
  EXPECT_EQ(Classify(503, "", {{"Retry-After", "2"}}).retry_after, seconds(2));
  EXPECT_EQ(Classify(429, "").retry_after, std::nullopt);
}

TEST(PolySimulatorFailureTest, TextIsOursAndSecretsAreMasked) {
  const std::array<std::string_view, 1> secrets = {"ps-key"};
  const HttpResponse response{
      401, {{"X-Polysim-Code", "EVIL ps-key"}}, R"({"error":"EVIL_CODE","message":"ps-key?"})"};

  const Error error = ClassifyFailure(response, secrets);

  EXPECT_THAT(error.message, HasSubstr("PolySimulator rejects our key (HTTP 401); "));
  EXPECT_THAT(error.message, Not(HasSubstr("EVIL")));
  EXPECT_THAT(error.log_detail, HasSubstr("EVIL_CODE"));
  EXPECT_THAT(error.log_detail, Not(HasSubstr("ps-key")));
}

TEST(PolySimulatorFailureTest, HostileBodiesAreOnlyText) {
  for (const int status : {401, 402, 403, 404, 422, 429, 500}) {
    for (const std::string& body :
         {std::string(1'000'000, '['), std::string("{\"error\":\xff}"), std::string(3'000'000, 'x'),
          std::string(64, '\0'), std::string(R"({"detail":[[],1,null,{"loc":"header"}]})"),
          std::string(R"({"detail":[{"loc":["header",null]}],"error":{"code":[]}})")}) {
      EXPECT_FALSE(Classify(status, body).message.empty());
    }
  }
}

}  // namespace
}  // namespace balance::polysimulator
