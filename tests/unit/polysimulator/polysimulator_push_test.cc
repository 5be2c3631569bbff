#include "clients/polysimulator/polysimulator_push.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sodium.h>

#include <memory>
#include <string>

#include "clients/polysimulator/socket_token.h"
#include "tests/support/fake_transport.h"

namespace balance {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;

class PolySimulatorPushTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_GE(sodium_init(), 0); }

  void SetUp() override {
    Login login;
    login.base_url = {.tls = false, .host = "127.0.0.1", .port = 8080, .path_prefix = "/ps"};
    login.secret = std::make_shared<const Secret>("ps-key-1");
    push_ = std::make_unique<PolySimulatorPush>(
        transport_, login,
        ClientSettings{
            .attempt_timeout = seconds(3), .ca_file = "ca", .login = 7, .kind = SourceKind{8}});
  }

  FakeTransport transport_;
  std::unique_ptr<PolySimulatorPush> push_;
};

TEST_F(PolySimulatorPushTest, EachConnectionHasATokenOfItsOwn) {
  transport_.AnswerWith(200, R"({"token":"abc.DEF-_~1","expires_in":60})");
  transport_.AnswerWith(200, R"({"token":"second"})");

  const auto first = RunToEnd(push_->Prepare());
  const auto second = RunToEnd(push_->Prepare());

  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->target, "/ps/v1/ws/executions?token=abc.DEF-_~1");
  EXPECT_EQ(second->target, "/ps/v1/ws/executions?token=second");
  EXPECT_TRUE(first->headers.empty());
  EXPECT_EQ(push_->requests_of_a_connection(), 2);
}

TEST_F(PolySimulatorPushTest, TokenIsAskedForWithTheKeyByAPost) {
  transport_.AnswerWith(200, R"({"token":"t"})");

  ASSERT_TRUE(RunToEnd(push_->Prepare()));

  const HttpRequest& request = transport_.requests().at(0);
  EXPECT_EQ(request.url, "http://127.0.0.1:8080/ps/v1/keys/ws-token");
  EXPECT_EQ(request.method, HttpRequest::Method::kPost);
  EXPECT_EQ(HeaderOf(request, "X-API-Key"), "ps-key-1");
  EXPECT_EQ(HeaderOf(request, "Content-Type"), "application/json");
  EXPECT_EQ(request.timeout, seconds(3));
  EXPECT_EQ(request.login, 7u);
  EXPECT_EQ(request.kind, SourceKind{8});
}

TEST_F(PolySimulatorPushTest, TokenIsFoundUnderEveryNameThatTheSdkLooksFor) {
  for (const char* name : {"token", "ws_token", "access_token", "jwt"}) {
    const auto token = polysimulator::ParseToken(std::string("{\"") + name + "\":\"t\"}");
    ASSERT_TRUE(token) << name;
    EXPECT_EQ(token->Expose(), "t");
  }
}

TEST_F(PolySimulatorPushTest, WhatAnAddressCannotHoldIsNoToken) {
  for (const char* body :
       {"", "[]", "{}", R"({"token":""})", R"({"token":7})", R"({"token":"a b"})",
        R"({"token":"a&b"})", R"({"token":"a\r\nb"})", R"({"token":"ä"})"}) {
    const auto token = polysimulator::ParseToken(body);
    ASSERT_FALSE(token) << body;
    EXPECT_EQ(token.error().kind, ErrorKind::kReplyInvalid);
  }
}

TEST_F(PolySimulatorPushTest, FailuresMeanWhatTheyMeanByRest) {
  transport_.AnswerWith(401, R"({"error":"INVALID_KEY","message":"Invalid API key"})");
  transport_.AnswerWith(429, R"({"error":"RATE_LIMIT_EXCEEDED"})", {{"Retry-After", "7"}});
  transport_.FailWith(ErrorKind::kUnreachable);

  EXPECT_EQ(RunToEnd(push_->Prepare()).error().kind, ErrorKind::kCredentialsRejected);
  const auto limited = RunToEnd(push_->Prepare());
  EXPECT_EQ(limited.error().kind, ErrorKind::kRateLimited);
  EXPECT_EQ(limited.error().retry_after, seconds(7));
  EXPECT_EQ(RunToEnd(push_->Prepare()).error().kind, ErrorKind::kUnreachable);
}

TEST_F(PolySimulatorPushTest, NoTextOfARefusalTellsTheToken) {
  transport_.AnswerWith(200, R"({"token":"wst_secret_token"})");
  ASSERT_TRUE(RunToEnd(push_->Prepare()));

  const Error error =
      push_->Classify({403, {}, "GET /v1/ws/executions?token=wst_secret_token of ps-key-1"});

  EXPECT_THAT(error.log_detail, HasSubstr("/v1/ws/executions"));
  EXPECT_THAT(error.log_detail, Not(HasSubstr("wst_secret_token")));
  EXPECT_THAT(error.log_detail, Not(HasSubstr("ps-key-1")));
}

}  // namespace
}  // namespace balance
