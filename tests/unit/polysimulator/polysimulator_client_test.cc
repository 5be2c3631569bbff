#include "clients/polysimulator/polysimulator_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sodium.h>

#include <memory>
#include <string>

#include "clients/core/ascii.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_transport.h"
#include "tests/support/fake_upstream_clock.h"
#include "tests/support/reading_texts.h"
#include "tests/unit/polysimulator/samples.h"

namespace balance {
namespace {

using polysimulator::samples::kOrdinary;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;

class PolySimulatorClientTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_GE(sodium_init(), 0); }

  void SetUp() override {
    const Login login{{.tls = false, .host = "127.0.0.1", .port = 8080, .path_prefix = ""},
                      {},
                      std::make_shared<const Secret>("ps-key-1")};
    client_ = std::make_unique<PolySimulatorClient>(
        transport_, clock_, venue_clock_, std::make_shared<const Login>(login),
        ClientSettings{.attempt_timeout = seconds(3), .ca_file = "ca.pem"});
  }

  Result<Reading> Fetch(Duration until_deadline = seconds(10)) {
    return RunToEnd(client_->Fetch({clock_.SteadyNow() + until_deadline, &progress_}));
  }

  FakeClock clock_;
  FakeTransport transport_;
  std::shared_ptr<FakeUpstreamClock> venue_clock_ = std::make_shared<FakeUpstreamClock>();
  FetchProgress progress_;
  std::unique_ptr<PolySimulatorClient> client_;
};

TEST_F(PolySimulatorClientTest, ReadingHasBalanceTimesAndId) {
  const WallTime wall = clock_.WallNow();
  const SteadyTime steady = clock_.SteadyNow();
  transport_.AnswerWith(200, kOrdinary, {{"CF-Ray", "ray-1"}, {"X-Request-Id", "req-1"}});
  transport_.OnSend([this] { clock_.Advance(milliseconds(70)); });

  const auto reading = Fetch();

  ASSERT_TRUE(reading);
  EXPECT_EQ(reading->balances.at(0).equity->value.ToString(), "9688.80");
  EXPECT_TRUE(reading->warnings.empty());
  EXPECT_EQ(reading->observe_time, wall);
  EXPECT_EQ(reading->observe_steady, steady);
  EXPECT_EQ(reading->receive_time, wall + milliseconds(70));
  EXPECT_EQ(reading->request_id, "req-1");
  EXPECT_EQ(progress_.sent_at, steady);
}

TEST_F(PolySimulatorClientTest, M95_ARequestIdOfTheVenueReachesTheCaller) {
  const std::string id = "3f0c9a52-6d1e-4b7a-8c35-92e1d7a40b66";
  transport_.AnswerWith(200, kOrdinary, {{"X-Request-Id", id}});

  EXPECT_EQ(Fetch()->request_id, id);
}

TEST_F(PolySimulatorClientTest, M96_NoTextOfAReadingTellsTheKey) {
  transport_.AnswerWith(
      200,
      R"({"balance":"1.00","currency":"ps-key-1","note":"of PS-KEY-1","x-ps-key-1":"1",)"
      R"("user_id":"ps-key-1"})",
      {{"X-Request-Id", "ps-key-1"}});

  const auto reading = Fetch();

  ASSERT_TRUE(reading);
  for (const std::string& text : TextsOf(*reading)) {
    EXPECT_THAT(ToAsciiLower(text), Not(HasSubstr("ps-key-1")));
  }
}

TEST_F(PolySimulatorClientTest, RequestHasAddressKeyTimeoutAndCa) {
  transport_.AnswerWith(200, kOrdinary);
  transport_.AnswerWith(200, kOrdinary);

  Fetch();
  Fetch(seconds(1));

  ASSERT_EQ(transport_.requests().size(), 2u);
  EXPECT_EQ(transport_.requests()[0].url, "http://127.0.0.1:8080/v1/account/balance");
  EXPECT_EQ(HeaderOf(transport_.requests()[0], "X-API-Key"), "ps-key-1");
  EXPECT_EQ(transport_.requests()[0].ca_file, "ca.pem");
  EXPECT_EQ(transport_.requests()[0].timeout, seconds(3));
  EXPECT_EQ(transport_.requests()[1].timeout, seconds(1));
}

TEST_F(PolySimulatorClientTest, WithoutTimeLeftNothingIsSent) {
  const auto reading = Fetch(-seconds(1));

  EXPECT_EQ(reading.error().kind, ErrorKind::kDeadlineExceeded);
  EXPECT_TRUE(transport_.requests().empty());
  EXPECT_EQ(progress_.sent_at, std::nullopt);
}

TEST_F(PolySimulatorClientTest, NoAnswerIsTheTransportsError) {
  transport_.FailWith(ErrorKind::kUnreachable);

  EXPECT_EQ(Fetch().error().kind, ErrorKind::kUnreachable);
}

TEST_F(PolySimulatorClientTest, OnlyAReadable200IsAReading) {
  for (const std::string body : {"", "{}", "<html></html>"}) {
    transport_.AnswerWith(200, body);
    EXPECT_EQ(Fetch().error().kind, ErrorKind::kReplyInvalid) << body;
  }
  transport_.AnswerWith(201, kOrdinary);
  EXPECT_EQ(Fetch().error().kind, ErrorKind::kReplyInvalid);
}

TEST_F(PolySimulatorClientTest, DowngradedKeyIsAWarning) {
  transport_.AnswerWith(200, kOrdinary, {{"x-api-beta-cutoff", " Expired "}});
  transport_.AnswerWith(200, kOrdinary, {{"X-API-Beta-Cutoff", "2026-08-31"}});

  const auto expired = Fetch();
  const auto announced = Fetch();

  ASSERT_TRUE(expired && announced);
  ASSERT_EQ(expired->warnings.size(), 1u);
  EXPECT_EQ(expired->warnings[0].kind, WarningKind::kLegacyKey);
  EXPECT_TRUE(announced->warnings.empty());
}

TEST_F(PolySimulatorClientTest, NoErrorTellsASecret) {
  for (const int status : {200, 204, 302, 401, 403, 404, 422, 429, 500, 503}) {
    transport_.AnswerWith(status, "you sent ps-key-1", {{"X-Polysim-Code", "ps-key-1"}});

    const auto reading = Fetch();

    ASSERT_FALSE(reading);
    for (const std::string& text : {reading.error().message, reading.error().log_detail}) {
      EXPECT_THAT(text, Not(HasSubstr("ps-key-1")));
    }
    EXPECT_THAT(reading.error().message, Not(HasSubstr("you sent")));
  }
}

}  // namespace
}  // namespace balance
