#include "clients/resilience/retrying_source.h"

#include <gtest/gtest.h>
#include <sodium.h>

#include "clients/polymarket_us/polymarket_us_client.h"
#include "clients/polymarket_us/signing_key.h"
#include "clients/resilience/clock_skew.h"
#include "clients/resilience/paced_source.h"
#include "tests/support/fake_transport.h"
#include "tests/support/fetching.h"
#include "tests/unit/polymarket_us/samples.h"

namespace balance {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Chance is one half: the pause before a retry is 50 ms.
class RetryingSourceTest : public FetchingTest {
 protected:
  static Error Transient() {
    Error error{ErrorKind::kUpstreamError, "first"};
    error.is_transient = true;
    return error;
  }

  void FailWith(Error error) {
    ASSERT_TRUE(upstream_.IsWaiting());
    upstream_.FailWith(std::move(error));
    Run();
  }

  std::shared_ptr<RetryBudget> retries_ = std::make_shared<RetryBudget>();
  double chance_ = 0.5;
  RetryingSource source_{upstream_.MakeSource(), retries_, [this] { return chance_; }, clock_};
};

TEST_F(RetryingSourceTest, ATransientFailureIsTriedOnceMoreAfterAPause) {
  Fetch(source_);
  FailWith(Transient());
  EXPECT_EQ(upstream_.requests(), 1);
  Advance(milliseconds(50));
  EXPECT_EQ(upstream_.requests(), 2);
  upstream_.AnswerWith("1");
  Run();

  EXPECT_TRUE(*result_);
}

TEST_F(RetryingSourceTest, ThePauseIsRandomUpToATenthOfASecond) {
  chance_ = 0.999;
  Fetch(source_);
  FailWith(Transient());
  Advance(milliseconds(99));
  EXPECT_EQ(upstream_.requests(), 1);

  Advance(milliseconds(1));
  EXPECT_EQ(upstream_.requests(), 2);
}

TEST_F(RetryingSourceTest, TheSecondFailureIsFinal) {
  Fetch(source_);
  FailWith(Transient());
  Advance(milliseconds(50));
  Error second = Transient();
  second.message = "second";
  FailWith(std::move(second));
  Advance(seconds(10));

  EXPECT_EQ(upstream_.requests(), 2);
  EXPECT_EQ(result_->error().message, "second");
}

TEST_F(RetryingSourceTest, WhatAnotherAttemptCannotMendIsFinal) {
  for (const auto kind : {ErrorKind::kRateLimited, ErrorKind::kCredentialsRejected,
                          ErrorKind::kForbidden, ErrorKind::kAccountMissing,
                          ErrorKind::kReplyInvalid, ErrorKind::kUpstreamError}) {
    const int before = upstream_.requests();
    Fetch(source_);
    FailWith({kind, "no"});
    Advance(seconds(1));

    EXPECT_EQ(upstream_.requests(), before + 1);
    EXPECT_TRUE(result_);
  }
}

TEST_F(RetryingSourceTest, AnUpstreamThatAsksForAPauseIsNotTriedAgain) {
  Fetch(source_);
  Error error = Transient();
  error.retry_after = seconds(1);
  FailWith(std::move(error));
  Advance(seconds(1));

  EXPECT_EQ(upstream_.requests(), 1);
}

TEST_F(RetryingSourceTest, M22_FewRetriesAreMadeWhenManyAttemptsFail) {
  int refreshes = 0;
  for (; refreshes < 1000; ++refreshes) {
    Fetch(source_);
    // Two of five fail at first.
    if (refreshes % 5 < 2) {
      FailWith(Transient());
      Advance(milliseconds(50));
      if (!upstream_.IsWaiting()) continue;
    }
    upstream_.AnswerWith("1");
    Run();
  }

  EXPECT_LE(upstream_.requests() - refreshes, refreshes / 10 + 10);
  EXPECT_GT(upstream_.requests(), refreshes);
}

TEST_F(RetryingSourceTest, TooLittleTimeForAnAnswerIsNotWasted) {
  for (int i = 0; i < 10; ++i) {
    Fetch(source_);
    Advance(milliseconds(300));
    upstream_.AnswerWith("1");
    Run();
  }
  const int before = upstream_.requests();
  Fetch(source_, milliseconds(400));
  Advance(milliseconds(100));
  FailWith(Transient());
  Advance(milliseconds(50));

  EXPECT_TRUE(result_);
  EXPECT_EQ(upstream_.requests(), before + 1);
}

TEST_F(RetryingSourceTest, ASecondAttemptThatIsRefusedUnsentTellsTheFirstFailure) {
  Fetch(source_);
  upstream_.FailWith({ErrorKind::kClockSkew, "too early"});
  upstream_.RefuseFor(seconds(5), ErrorKind::kCredentialsRejected);
  Run();

  EXPECT_EQ(result_->error().message, "too early");
}

// The real client of a venue that checks the time of requests, over a transport of the test's.
class SignedFetchTest : public FetchingTest {
 protected:
  static void SetUpTestSuite() { ASSERT_GE(sodium_init(), 0); }

  SignedFetchTest() {
    PolymarketUsClient::Options options;
    options.base_url = {.tls = false, .host = "127.0.0.1", .port = 8080, .path_prefix = ""};
    options.key_id = "key-id-1";
    options.seed = std::make_shared<const Secret>(
        *DecodeSecretKey("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="));
    options.attempt_timeout = seconds(3);
    source_ = std::make_unique<RetryingSource>(
        std::make_unique<PacedSource>(
            std::make_unique<PolymarketUsClient>(transport_, clock_, skew_, options), pacer_,
            clock_),
        std::make_shared<RetryBudget>(), [] { return 0.5; }, clock_);
  }

  std::string DateAt(Duration offset) const {
    const std::time_t time = std::chrono::system_clock::to_time_t(
        std::chrono::time_point_cast<std::chrono::system_clock::duration>(clock_.WallNow() +
                                                                          offset));
    char text[64];
    std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", std::gmtime(&time));
    return text;
  }

  // How far the signed time of the latest request is from the venue's.
  Duration SignedOffset(Duration venue) const {
    for (const HttpHeader& header : transport_.requests().back().headers) {
      if (header.name == "X-PM-Timestamp") {
        return WallTime(milliseconds(std::stoll(header.value))) - (clock_.WallNow() + venue);
      }
    }
    ADD_FAILURE() << "not signed";
    return {};
  }

  FakeTransport transport_;
  std::shared_ptr<ClockSkew> skew_ = std::make_shared<ClockSkew>();
  std::shared_ptr<Pacer> pacer_ =
      std::make_shared<Pacer>(loop_.get_executor(), clock_, RateSettings{1000, 10});
  std::unique_ptr<RetryingSource> source_;
};

TEST_F(SignedFetchTest, M32_ARejectedTimeIsSignedAnewByTheVenuesClock) {
  for (const Duration venue : {Duration(seconds(45)), Duration(seconds(-45))}) {
    transport_.AnswerWith(401, "request timestamp out of range", {{"Date", DateAt(venue)}});
    transport_.AnswerWith(200, polymarket_us::samples::kOrdinary, {{"Date", DateAt(venue)}});
    Fetch(*source_);

    ASSERT_TRUE(result_ && *result_);
    EXPECT_LE(std::chrono::abs(SignedOffset(venue)), seconds(1));
    EXPECT_LE(std::chrono::abs(*skew_->Skew() - venue), seconds(1));
  }
}

TEST_F(SignedFetchTest, M32_AClockThatIsRightAgainIsNoticed) {
  transport_.AnswerWith(401, "timestamp", {{"Date", DateAt(seconds(45))}});
  transport_.AnswerWith(200, polymarket_us::samples::kOrdinary, {{"Date", DateAt(seconds(45))}});
  Fetch(*source_);
  transport_.AnswerWith(401, "timestamp", {{"Date", DateAt({})}});
  transport_.AnswerWith(200, polymarket_us::samples::kOrdinary, {{"Date", DateAt({})}});
  Fetch(*source_);

  ASSERT_TRUE(result_ && *result_);
  EXPECT_LE(std::chrono::abs(SignedOffset({})), seconds(1));
  EXPECT_LE(std::chrono::abs(*skew_->Skew()), seconds(1));
}

TEST_F(SignedFetchTest, M33_TheDateOfACachedAnswerIsIgnored) {
  transport_.AnswerWith(200, polymarket_us::samples::kOrdinary,
                        {{"Date", DateAt(seconds(-300))}, {"Age", "300"}});
  Fetch(*source_);

  EXPECT_FALSE(skew_->Skew());
}

TEST_F(SignedFetchTest, M34_ARequestThatWaitedItsTurnIsSignedWhenItIsSent) {
  pacer_->OnLimits({.per_second = {}, .per_minute = {}, .exhausted_for = seconds(20)});
  transport_.AnswerWith(200, polymarket_us::samples::kOrdinary);
  Fetch(*source_);
  EXPECT_TRUE(transport_.requests().empty());
  Advance(seconds(20));

  ASSERT_EQ(transport_.requests().size(), 1U);
  EXPECT_LE(std::chrono::abs(SignedOffset({})), seconds(1));
}

}  // namespace
}  // namespace balance
