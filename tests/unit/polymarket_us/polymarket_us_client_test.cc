#include "clients/polymarket_us/polymarket_us_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sodium.h>

#include <memory>
#include <string>

#include "clients/polymarket_us/signing_key.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_transport.h"
#include "tests/support/fake_upstream_clock.h"
#include "tests/support/reading_texts.h"
#include "tests/unit/polymarket_us/samples.h"

namespace balance {
namespace {

using polymarket_us::samples::kOrdinary;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kSeed = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
constexpr std::string_view kOtherSeed = "nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=";

class PolymarketUsClientTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_GE(sodium_init(), 0); }

  void SetUp() override {
    const Login login{{.tls = false, .host = "127.0.0.1", .port = 8080, .path_prefix = ""},
                      "key-id-1",
                      DecodeSecretKey(kSeed)->seed};
    client_ = std::make_unique<PolymarketUsClient>(
        transport_, clock_, venue_clock_, std::make_shared<const Login>(login),
        ClientSettings{.attempt_timeout = seconds(3), .ca_file = "ca.pem"});
  }

  Result<Reading> Fetch(Duration until_deadline = seconds(10)) {
    return RunToEnd(client_->Fetch({clock_.SteadyNow() + until_deadline, &progress_}));
  }

  // The wall time of the clock as the venue wants it.
  std::string Timestamp() const {
    return std::to_string(
        std::chrono::floor<milliseconds>(clock_.WallNow().time_since_epoch()).count());
  }

  FakeClock clock_;
  FakeTransport transport_;
  std::shared_ptr<FakeUpstreamClock> venue_clock_ = std::make_shared<FakeUpstreamClock>();
  FetchProgress progress_;
  std::unique_ptr<PolymarketUsClient> client_;
};

TEST_F(PolymarketUsClientTest, ReadingHasBalancesTimesAndId) {
  const WallTime wall = clock_.WallNow();
  const SteadyTime steady = clock_.SteadyNow();
  transport_.AnswerWith(200, kOrdinary, {{"cf-ray", "ray-1"}, {"x-pm-trace-id", "trace-1"}});
  transport_.OnSend([this] { clock_.Advance(milliseconds(70)); });

  const auto reading = Fetch();

  ASSERT_TRUE(reading);
  EXPECT_EQ(reading->balances.at(0).cash->value.ToString(), "1482.3175");
  EXPECT_EQ(reading->observe_time, wall);
  EXPECT_EQ(reading->observe_steady, steady);
  EXPECT_EQ(reading->receive_time, wall + milliseconds(70));
  EXPECT_EQ(reading->request_id, "trace-1");
  EXPECT_EQ(reading->origin, ReadingOrigin::kPoll);
  EXPECT_EQ(progress_.sent_at, steady);
}

TEST_F(PolymarketUsClientTest, TheTraceOfTheCallIsTheCorrelationId) {
  const auto id_of = [](const HttpRequest& request) {
    std::string id;
    for (const auto& header : request.headers) {
      if (header.name == "poly-correlation-id") id += header.value;
    }
    return id;
  };
  transport_.AnswerWith(200, kOrdinary);
  transport_.AnswerWith(200, kOrdinary);

  ASSERT_TRUE(Fetch());
  progress_.trace = TraceContext::Parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
  ASSERT_TRUE(Fetch());

  EXPECT_EQ(id_of(transport_.requests().at(0)), "");
  EXPECT_EQ(id_of(transport_.requests().at(1)), "4bf92f35-77b3-4da6-a3ce-929d0e0e4736");
}

TEST_F(PolymarketUsClientTest, RequestHasAddressTimeoutAndCa) {
  transport_.AnswerWith(200, kOrdinary);
  transport_.AnswerWith(200, kOrdinary);

  Fetch();
  Fetch(seconds(1));

  ASSERT_EQ(transport_.requests().size(), 2u);
  EXPECT_EQ(transport_.requests()[0].url, "http://127.0.0.1:8080/v1/account/balances");
  EXPECT_EQ(transport_.requests()[0].ca_file, "ca.pem");
  EXPECT_EQ(transport_.requests()[0].timeout, seconds(3));
  EXPECT_EQ(transport_.requests()[1].timeout, seconds(1));
}

TEST_F(PolymarketUsClientTest, EachAttemptIsSignedAfresh) {
  transport_.AnswerWith(503, "");
  transport_.AnswerWith(200, kOrdinary);
  const std::string first_timestamp = Timestamp();

  Fetch();
  clock_.Advance(milliseconds(1500));
  Fetch();

  ASSERT_EQ(transport_.requests().size(), 2u);
  const HttpRequest& first = transport_.requests()[0];
  const HttpRequest& second = transport_.requests()[1];
  EXPECT_EQ(HeaderOf(first, "X-PM-Timestamp"), first_timestamp);
  EXPECT_EQ(HeaderOf(second, "X-PM-Timestamp"), Timestamp());
  EXPECT_NE(HeaderOf(first, "X-PM-Signature"), HeaderOf(second, "X-PM-Signature"));
}

TEST_F(PolymarketUsClientTest, WithoutTimeLeftNothingIsSent) {
  const auto reading = Fetch(Duration(0));

  EXPECT_EQ(reading.error().kind, ErrorKind::kDeadlineExceeded);
  EXPECT_TRUE(transport_.requests().empty());
  EXPECT_EQ(progress_.sent_at, std::nullopt);
}

TEST_F(PolymarketUsClientTest, NoAnswerIsTheTransportsError) {
  transport_.FailWith(ErrorKind::kUnreachable);

  EXPECT_EQ(Fetch().error().kind, ErrorKind::kUnreachable);
}

TEST_F(PolymarketUsClientTest, OnlyAReadable200IsAReading) {
  for (const std::string body : {"", "{}", "<html></html>"}) {
    transport_.AnswerWith(200, body);
    EXPECT_EQ(Fetch().error().kind, ErrorKind::kReplyInvalid) << body;
  }
  transport_.AnswerWith(206, kOrdinary);
  EXPECT_EQ(Fetch().error().kind, ErrorKind::kReplyInvalid);
}

TEST_F(PolymarketUsClientTest, SkewIsMeasuredAgainstTheTimeOfTheExchange) {
  transport_.AnswerWith(401, "", {{"Date", "Fri, 18 Sep 2026 14:05:22 GMT"}});
  EXPECT_EQ(Fetch().error().kind, ErrorKind::kCredentialsRejected);

  clock_.JumpWall(seconds(45));
  transport_.AnswerWith(401, "", {{"Date", "Fri, 18 Sep 2026 14:05:22 GMT"}});
  EXPECT_EQ(Fetch().error().kind, ErrorKind::kClockSkew);
}

TEST_F(PolymarketUsClientTest, M95_ATraceIdOfTheVenueReachesTheCaller) {
  const std::string trace = "4bf92f3577b34da6a3ce929d0e0e4736";
  transport_.AnswerWith(200, kOrdinary, {{"x-pm-trace-id", trace}, {"cf-ray", "ray-1"}});
  EXPECT_EQ(Fetch()->request_id, trace);

  transport_.AnswerWith(500, "", {{"x-request-id", "3f0c9a52-6d1e-4b7a-8c35-92e1d7a40b66"}});
  EXPECT_EQ(Fetch().error().request_id, "3f0c9a52-6d1e-4b7a-8c35-92e1d7a40b66");
}

TEST_F(PolymarketUsClientTest, M96_NoTextOfAReadingTellsASecret) {
  for (const std::string header : {"X-PM-Access-Key", "X-PM-Signature"}) {
    std::string echo;
    transport_.OnSend([&] {
      echo = HeaderOf(transport_.requests().back(), header);
      std::string body =
          R"({"#":1,"balances":[{"currentBalance":1,"currency":"#","new-#":"#",)"
          R"("displayedCash":"x#","lastUpdated":"#","pendingWithdrawals":[{"id":"#",)"
          R"("name":"#","description":"pad#","status":"#","bankId":"#","#":"#"}]}]})";
      for (auto at = body.find('#'); at != body.npos; at = body.find('#', at + echo.size())) {
        body.replace(at, 1, echo);
      }
      transport_.AnswerWith(200, body, {{"x-pm-trace-id", echo}});
    });

    const auto reading = Fetch();

    ASSERT_TRUE(reading);
    EXPECT_EQ(reading->balances.at(0).pending_withdrawals.size(), 1U);
    EXPECT_FALSE(echo.empty());
    for (const std::string& text : TextsOf(*reading)) EXPECT_THAT(text, Not(HasSubstr(echo)));
  }
}

TEST_F(PolymarketUsClientTest, NoErrorTellsASecret) {
  for (const int status : {200, 204, 302, 401, 403, 404, 429, 500, 503}) {
    transport_.OnSend([&] {
      const HttpRequest& request = transport_.requests().back();
      transport_.AnswerWith(status, "you sent " + HeaderOf(request, "X-PM-Access-Key") + " and " +
                                        HeaderOf(request, "X-PM-Signature"));
    });

    const auto reading = Fetch();

    ASSERT_FALSE(reading);
    const std::string signature = HeaderOf(transport_.requests().back(), "X-PM-Signature");
    for (const std::string& text : {reading.error().message, reading.error().log_detail}) {
      EXPECT_THAT(text, Not(HasSubstr("key-id-1")));
      EXPECT_THAT(text, Not(HasSubstr(std::string(kSeed))));
      EXPECT_THAT(text, Not(HasSubstr(signature)));
    }
    EXPECT_THAT(reading.error().message, Not(HasSubstr("you sent")));
  }
}

}  // namespace
}  // namespace balance
