#include "clients/polymarket_us/polymarket_us_push.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sodium.h>

#include <memory>
#include <string>

#include "clients/polymarket_us/signing_key.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_transport.h"
#include "tests/support/fake_upstream_clock.h"

namespace balance {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;

class PolymarketUsPushTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_GE(sodium_init(), 0); }

  void SetUp() override {
    Login login;
    login.base_url = {.tls = false, .host = "127.0.0.1", .port = 8080, .path_prefix = "/pm"};
    login.key_id = "pm-key-1";
    login.secret = DecodeSecretKey("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")->seed;
    push_ = std::make_unique<PolymarketUsPush>(
        clock_, host_clock_, login, ClientSettings{.attempt_timeout = seconds(3), .ca_file = "ca"});
  }

  static std::string HeaderIn(const WebSocketRequest& request, std::string_view name) {
    for (const HttpHeader& header : request.headers) {
      if (header.name == name) return header.value;
    }
    return {};
  }

  FakeClock clock_;
  std::shared_ptr<FakeUpstreamClock> host_clock_ = std::make_shared<FakeUpstreamClock>();
  std::unique_ptr<PolymarketUsPush> push_;
};

TEST_F(PolymarketUsPushTest, SignsThePathWithoutThePrefix) {
  // A vector of the API's documentation, recomputed.
  clock_.JumpWall(WallTime(milliseconds(1756670000000)) - clock_.WallNow());

  const auto request = RunToEnd(push_->Prepare());

  ASSERT_TRUE(request);
  EXPECT_EQ(request->target, "/pm/v1/ws/private");
  EXPECT_EQ(request->server.port, 8080);
  EXPECT_EQ(request->timeout, seconds(3));
  EXPECT_EQ(request->ca_file, "ca");
  EXPECT_EQ(HeaderIn(*request, "X-PM-Access-Key"), "pm-key-1");
  EXPECT_EQ(HeaderIn(*request, "X-PM-Timestamp"), "1756670000000");
  EXPECT_EQ(HeaderIn(*request, "X-PM-Signature"),
            "3VfwXD5meTvpBJOexRqvgSSd+/2xC49jOlvg+aY07MUQzcOEktmJe4nsXz6yHQN2lPmZkTP9ExipeZiUtWEC"
            "DQ==");
}

TEST_F(PolymarketUsPushTest, EachConnectionIsSignedAnewAtTheHostsTime) {
  const auto first = RunToEnd(push_->Prepare());
  host_clock_->correction = seconds(-40);
  const auto second = RunToEnd(push_->Prepare());

  EXPECT_NE(HeaderIn(*first, "X-PM-Signature"), HeaderIn(*second, "X-PM-Signature"));
  EXPECT_EQ(std::stoll(HeaderIn(*first, "X-PM-Timestamp")) - 40'000,
            std::stoll(HeaderIn(*second, "X-PM-Timestamp")));
}

TEST_F(PolymarketUsPushTest, RefusalsMeanWhatTheyMeanByRest) {
  ASSERT_TRUE(RunToEnd(push_->Prepare()));

  EXPECT_EQ(push_->Classify({401, {}, "unauthorized: API key not found\n"}).kind,
            ErrorKind::kCredentialsRejected);
  EXPECT_EQ(push_->Classify({403, {}, "blocked"}).kind, ErrorKind::kForbidden);
  EXPECT_EQ(push_->Classify({429, {}, ""}).kind, ErrorKind::kRateLimited);
  EXPECT_EQ(push_->Classify({502, {}, "Bad Gateway"}).kind, ErrorKind::kUpstreamError);
}

TEST_F(PolymarketUsPushTest, RejectedTimeHasTheClockLookedAtAgain) {
  ASSERT_TRUE(RunToEnd(push_->Prepare()));

  const Error error = push_->Classify(
      {401, {{"Date", "Sun, 31 Aug 2025 20:00:00 GMT"}}, "unauthorized: timestamp is too old"});

  EXPECT_EQ(error.kind, ErrorKind::kClockSkew);
  EXPECT_EQ(host_clock_->distrusted, 1);
  // What was known holds no more, but this does.
  EXPECT_EQ(host_clock_->dates, std::vector<WallTime>{WallTime(seconds(1756670400))});
}

TEST_F(PolymarketUsPushTest, NoTextOfARefusalTellsTheSignature) {
  const auto request = RunToEnd(push_->Prepare());
  const std::string signature = HeaderIn(*request, "X-PM-Signature");

  const Error error = push_->Classify({401, {}, "unauthorized: pm-key-1 " + signature});

  EXPECT_THAT(error.log_detail, HasSubstr("unauthorized"));
  EXPECT_THAT(error.log_detail, Not(HasSubstr(signature)));
  EXPECT_THAT(error.log_detail, Not(HasSubstr("pm-key-1")));
}

}  // namespace
}  // namespace balance
