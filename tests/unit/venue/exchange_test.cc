#include "clients/venue/exchange.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "tests/support/fake_clock.h"
#include "tests/support/fake_transport.h"

namespace balance {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(TimeLeftTest, IsTheSmallerOfTimeoutAndDeadline) {
  FakeClock clock;

  EXPECT_EQ(TimeLeft(clock, clock.SteadyNow() + seconds(9), seconds(3)), seconds(3));
  EXPECT_EQ(TimeLeft(clock, clock.SteadyNow() + seconds(1), seconds(3)), seconds(1));
}

TEST(TimeLeftTest, NoneIsDeadlineExceeded) {
  FakeClock clock;

  const auto at_the_deadline = TimeLeft(clock, clock.SteadyNow(), seconds(3));
  const auto past_it = TimeLeft(clock, clock.SteadyNow() - seconds(1), seconds(3));

  EXPECT_EQ(at_the_deadline.error().kind, ErrorKind::kDeadlineExceeded);
  EXPECT_EQ(past_it.error().kind, ErrorKind::kDeadlineExceeded);
}

TEST(SendTimedTest, TimesAreThoseOfSendingAndArrival) {
  FakeClock clock;
  FakeTransport transport;
  FetchProgress progress;
  const WallTime wall = clock.WallNow();
  const SteadyTime steady = clock.SteadyNow();
  transport.AnswerWith(200, "body");
  transport.OnSend([&] {
    EXPECT_EQ(progress.sent_at, steady);
    clock.Advance(milliseconds(40));
  });

  const auto exchange = RunToEnd(SendTimed(transport, clock, {{}, &progress}, {}));

  ASSERT_TRUE(exchange);
  EXPECT_EQ(exchange->sent.wall, wall);
  EXPECT_EQ(exchange->sent.steady, steady);
  EXPECT_EQ(exchange->received_wall, wall + milliseconds(40));
  EXPECT_EQ(exchange->response.body, "body");
}

TEST(SendTimedTest, TransportErrorsPass) {
  FakeClock clock;
  FakeTransport transport;
  transport.FailWith(ErrorKind::kUnreachable);

  const auto exchange = RunToEnd(SendTimed(transport, clock, {}, {}));

  EXPECT_EQ(exchange.error().kind, ErrorKind::kUnreachable);
}

TEST(RequestIdTest, FirstUsableHeaderWins) {
  const HttpResponse response{
      200, {{"cf-ray", "ray-1"}, {"X-Request-Id", "req-1"}, {"x-pm-trace-id", ""}}, ""};

  EXPECT_EQ(RequestId(response, {"x-pm-trace-id", "x-request-id", "cf-ray"}, {}), "req-1");
  EXPECT_EQ(RequestId(response, {"cf-ray", "x-request-id"}, {}), "ray-1");
  EXPECT_EQ(RequestId(response, {"x-pm-trace-id"}, {}), "");
}

TEST(RequestIdTest, OneThatEchoesASecretIsNone) {
  const HttpResponse response{200, {{"X-Request-Id", "for key-1"}, {"cf-ray", "ray-1"}}, ""};
  const std::array<std::string_view, 1> secrets = {"key-1"};

  EXPECT_EQ(RequestId(response, {"x-request-id", "cf-ray"}, secrets), "ray-1");
}

// Real shapes of ids; see also kMaxRequestId.
TEST(RequestIdTest, M95_AnIdOfTheLengthAndAlphabetOfAKeyIsAnId) {
  const std::array<std::string_view, 1> secrets = {"c5a1f0de-7b58-4a9e-9d4e-0f3a1f4f8b11"};
  for (const std::string id :
       {"3f0c9a52-6d1e-4b7a-8c35-92e1d7a40b66", "4bf92f3577b34da6a3ce929d0e0e4736",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "8c0ffee0ba1ace00-IAD",
        "Root=1-67891233-abcdef012345678912345678", "01J9ZQ4Y8M3T7K2V5X6W0B1C2D",
        "req_AbCdEfGhIjKlMnOpQrStUvWxYz0123456789+/=="}) {
    const HttpResponse response{200, {{"X-Request-Id", id}}, ""};

    EXPECT_EQ(RequestId(response, {"x-request-id"}, secrets), id);
  }
}

TEST(RequestIdTest, M96_AnIdThatEchoesAKeyIsNone) {
  const std::array<std::string_view, 1> secrets = {"c5a1f0de-7b58-4a9e-9d4e-0f3a1f4f8b11"};
  for (const std::string id :
       {"c5a1f0de-7b58-4a9e-9d4e-0f3a1f4f8b11", "C5A1F0DE-7B58-4A9E-9D4E-0F3A1F4F8B11",
        "key=c5a1f0de-7b58-4a9e-9d4e-0f3a1f4f8b11;1", "ps_live_of_another"}) {
    const HttpResponse response{200, {{"X-Request-Id", id}}, ""};

    EXPECT_EQ(RequestId(response, {"x-request-id"}, secrets), "") << id;
  }
}

Exchange AnsweredWith(std::vector<HttpHeader> headers) {
  FakeClock clock;
  Exchange exchange;
  exchange.sent = clock.Time();
  exchange.response = {200, std::move(headers), ""};
  return exchange;
}

TEST(ToReadingTest, M101_AnAnswerOfTheUpstreamItselfIsAsNewAsItsRequest) {
  const Exchange exchange = AnsweredWith({});

  const auto reading = ToReading({}, exchange, "id");

  ASSERT_TRUE(reading);
  EXPECT_EQ(reading->observe_time, exchange.sent.wall);
  EXPECT_EQ(reading->observe_steady, exchange.sent.steady);
  EXPECT_TRUE(reading->warnings.empty());
}

TEST(ToReadingTest, M101_AnAnswerOutOfACacheIsAsOldAsItSays) {
  const Exchange exchange = AnsweredWith({{"Age", "30"}});

  const auto reading = ToReading({}, exchange, "id");

  ASSERT_TRUE(reading);
  EXPECT_EQ(reading->observe_time, exchange.sent.wall - seconds(30));
  EXPECT_EQ(reading->observe_steady, exchange.sent.steady - seconds(30));
  ASSERT_EQ(reading->warnings.size(), 1U);
  EXPECT_EQ(WarningReason(reading->warnings[0].kind), "CACHED_REPLY");
}

TEST(ToReadingTest, M101_AHugeAgeIsOldAndDoesNotWrap) {
  const Exchange exchange = AnsweredWith({{"Age", "999999999999999999999999"}});

  const auto reading = ToReading({}, exchange, "id");

  ASSERT_TRUE(reading);
  EXPECT_LT(reading->observe_steady, exchange.sent.steady - std::chrono::hours(24 * 365 * 60));
  EXPECT_LT(reading->observe_time, exchange.sent.wall - std::chrono::hours(24 * 365 * 60));
}

TEST(ToReadingTest, M101_AFigureOfUnknownAgeIsNone) {
  const auto reading = ToReading({}, AnsweredWith({{"Age", "-1"}}), "id");

  ASSERT_FALSE(reading);
  EXPECT_EQ(reading.error().kind, ErrorKind::kReplyInvalid);
  EXPECT_EQ(reading.error().request_id, "id");
}

TEST(NoAnswerTest, NamesTheVenueAndNeverBlamesTheCaller) {
  const Error error = NoAnswer(
      "PolySimulator", {ErrorKind::kInvalidInput, "tls_ca_file cannot be read", std::nullopt, {}});

  EXPECT_EQ(error.kind, ErrorKind::kUnreachable);
  EXPECT_EQ(error.message,
            "PolySimulator gave no usable answer: tls_ca_file cannot be read; it is asked again "
            "with the next read.");
}

TEST(NoAnswerTest, ARequestThatCouldNotBeSentSaysNothingOfTheHost) {
  EXPECT_TRUE(
      NoAnswer("PolySimulator", {ErrorKind::kInvalidInput, "a bad file"}).may_be_configuration);
  EXPECT_FALSE(
      NoAnswer("PolySimulator", {ErrorKind::kUnreachable, "refused"}).may_be_configuration);
}

TEST(NoAnswerTest, ATimeOutOfOurOwnPauseIsStillOne) {
  Error held_up{ErrorKind::kUnreachable, "timed out"};
  held_up.is_held_up = true;
  const Error error = NoAnswer("PolySimulator", held_up);

  EXPECT_TRUE(error.is_held_up);
  EXPECT_FALSE(error.is_local);
}

}  // namespace
}  // namespace balance
