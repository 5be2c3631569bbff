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
#include "tests/unit/resilience/many_fetches.h"

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

TEST_F(RetryingSourceTest, AFailureThatAnotherReplicaMetIsForThatOneToTryAgain) {
  Fetch(source_);
  upstream_.MarkShared();
  FailWith(Transient());
  Advance(seconds(1));

  EXPECT_EQ(upstream_.requests(), 1);
  ASSERT_TRUE(result_);
  EXPECT_EQ(result_->error().kind, ErrorKind::kUpstreamError);
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
  for (const auto kind :
       {ErrorKind::kRateLimited, ErrorKind::kCredentialsRejected, ErrorKind::kForbidden,
        ErrorKind::kAccountMissing, ErrorKind::kReplyInvalid, ErrorKind::kUpstreamError}) {
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

TEST_F(RetryingSourceTest, WhatWasNeverSentIsNotTriedAgain) {
  upstream_.RefuseFor(seconds(5), ErrorKind::kUnreachable);
  Fetch(source_);

  ASSERT_TRUE(result_);
  EXPECT_EQ(clock_.sleepers(), 0U);
  EXPECT_EQ(upstream_.requests(), 0);
}

TEST_F(RetryingSourceTest, WithoutBudgetNothingIsTriedAgain) {
  for (int i = 0; i < 5; ++i) retries_->OnFailure();
  Fetch(source_);
  FailWith(Transient());

  ASSERT_TRUE(result_);
  EXPECT_EQ(result_->error().message, "first");
}

TEST_F(RetryingSourceTest, AttemptsThatFailSpendTheBudgetOfAllSourcesOfTheLogin) {
  RetryingSource neighbour(
      upstream_.MakeSource(), retries_, [] { return 0.5; }, clock_);
  for (int i = 0; i < 3; ++i) {
    Fetch(source_);
    FailWith(Transient());
    if (!upstream_.IsWaiting()) Advance(milliseconds(50));
    if (upstream_.IsWaiting()) FailWith(Transient());
  }
  Fetch(neighbour);
  FailWith(Transient());

  EXPECT_TRUE(result_);
  EXPECT_FALSE(retries_->MayRetry());
}

TEST_F(RetryingSourceTest, M72_AttemptsThatOurOwnPauseSpoiledSpendNoBudget) {
  Error held_up = Transient();
  held_up.is_held_up = true;
  for (int i = 0; i < 20; ++i) {
    Fetch(source_);
    FailWith(held_up);
    Advance(milliseconds(50));
    FailWith(held_up);
  }

  EXPECT_TRUE(retries_->MayRetry());
}

TEST_F(RetryingSourceTest, RejectionsSpendNoBudget) {
  for (const auto kind : {ErrorKind::kRateLimited, ErrorKind::kCredentialsRejected,
                          ErrorKind::kAccountMissing, ErrorKind::kReplyInvalid}) {
    for (int i = 0; i < 20; ++i) {
      Fetch(source_);
      FailWith({kind, "no"});
    }
  }

  EXPECT_TRUE(retries_->MayRetry());
}

TEST_F(RetryingSourceTest, WhereTheNextAttemptWouldBeRefusedItIsNotWaitedFor) {
  Fetch(source_);
  upstream_.FailWith(Transient());
  upstream_.RefuseFor(seconds(5), ErrorKind::kUnreachable);
  Run();

  ASSERT_TRUE(result_);
  EXPECT_EQ(result_->error().message, "first");
  EXPECT_EQ(clock_.sleepers(), 0U);
}

TEST_F(RetryingSourceTest, ThePausesAreSpreadOverTheWholeRange) {
  const std::uint64_t seed = 99;
  SCOPED_TRACE("seed " + std::to_string(seed));
  RetryingSource source(upstream_.MakeSource(), retries_, SeededRandom(seed), clock_);
  Duration shortest = seconds(1);
  Duration longest{};
  for (int i = 0; i < 200; ++i) {
    for (int n = 0; n < 30; ++n) retries_->OnSuccess();
    Fetch(source);
    FailWith(Transient());
    Duration pause{};
    for (; !upstream_.IsWaiting(); pause += milliseconds(1)) {
      ASSERT_LE(pause, RetryingSource::kBackOff);
      Advance(milliseconds(1));
    }
    shortest = std::min(shortest, pause);
    longest = std::max(longest, pause);
    upstream_.AnswerWith("1");
    Run();
  }

  EXPECT_LE(shortest, milliseconds(5));
  EXPECT_GE(longest, milliseconds(95));
}

TEST_F(RetryingSourceTest, ARejectedTimeIsTriedAgainAtOnceAndOnlyOnce) {
  Fetch(source_);
  Advance(milliseconds(20));
  FailWith({ErrorKind::kClockSkew, "too early"});
  EXPECT_EQ(upstream_.requests(), 2);
  Advance(milliseconds(20));
  FailWith({ErrorKind::kClockSkew, "too early still"});

  ASSERT_TRUE(result_);
  EXPECT_EQ(result_->error().message, "too early still");
  EXPECT_EQ(upstream_.requests(), 2);
}

TEST_F(RetryingSourceTest, ARejectedTimeIsTriedAgainEvenWithoutBudget) {
  for (int i = 0; i < 10; ++i) retries_->OnFailure();
  Fetch(source_);
  Advance(milliseconds(20));
  FailWith({ErrorKind::kClockSkew, "too early"});
  upstream_.AnswerWith("1");
  Run();

  EXPECT_TRUE(*result_);
}

// The real client of a venue that checks the time of requests, over a transport of the test's.
class SignedFetchTest : public FetchingTest {
 protected:
  static void SetUpTestSuite() { ASSERT_GE(sodium_init(), 0); }

  std::unique_ptr<BalanceSource> MakeClient() {
    const Login login{{.tls = false, .host = "127.0.0.1", .port = 8080, .path_prefix = ""},
                      "key-id-1",
                      DecodeSecretKey("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")->seed};
    return std::make_unique<PolymarketUsClient>(
        transport_, clock_, skew_, std::make_shared<const Login>(login),
        ClientSettings{.attempt_timeout = seconds(3), .ca_file = {}});
  }

  std::unique_ptr<RetryingSource> MakeSource() {
    return std::make_unique<RetryingSource>(
        std::make_unique<PacedSource>(MakeClient(), pacer_, clock_),
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
  std::shared_ptr<ClockSkew> skew_ = std::make_shared<ClockSkew>(clock_);
  std::shared_ptr<Pacer> pacer_ =
      std::make_shared<Pacer>(loop_.get_executor(), clock_, RateSettings{1000, 10});
  std::unique_ptr<RetryingSource> source_ = MakeSource();
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

TEST_F(SignedFetchTest, M15_WhateverA429AsksForThePauseIsBetweenASecondAndFiveMinutes) {
  const std::string past = DateAt(seconds(-60));
  for (const std::string& asked :
       {std::string(), std::string("-5"), std::string("1e20"), std::string("abc"), past,
        std::string("0.2"), std::string("300"), std::string("99999999999999999999")}) {
    pacer_ = std::make_shared<Pacer>(loop_.get_executor(), clock_, RateSettings{1000, 10});
    source_ = MakeSource();
    transport_.AnswerWith(429, "", {{"Retry-After", asked}, {"Date", DateAt({})}});
    const std::size_t before = transport_.requests().size();
    Fetch(*source_);
    const Duration pause = pacer_->BlockedUntil() - clock_.SteadyNow();
    EXPECT_EQ(pause, seconds(asked.starts_with("300") || asked.starts_with("999") ? 300 : 1))
        << asked;

    Advance(pause - Duration(1));
    Fetch(*source_);
    EXPECT_EQ(transport_.requests().size(), before + 1) << asked;
  }
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

TEST_F(SignedFetchTest, M32_AVenueThatChecksTheTimeIsSatisfiedByTheSecondRequest) {
  for (const int ahead : {45, -45, 120, -600, 850, 0}) {
    const Duration venue = seconds(ahead);
    const std::size_t before = transport_.requests().size();
    transport_.OnSend([&] {
      const bool fits = std::chrono::abs(SignedOffset(venue)) <= seconds(30);
      const std::vector<HttpHeader> headers = {{"Date", DateAt(venue)}};
      if (fits) {
        transport_.AnswerWith(200, polymarket_us::samples::kOrdinary, headers);
      } else {
        transport_.AnswerWith(401, "", headers);
      }
      clock_.Advance(milliseconds(80));
    });
    Fetch(*source_);

    ASSERT_TRUE(result_ && *result_) << ahead;
    EXPECT_EQ(transport_.requests().size(), before + 2) << ahead;
    EXPECT_LE(std::chrono::abs(*skew_->Skew() - venue), seconds(1)) << ahead;

    // From then on it is signed right the first time.
    Advance(seconds(1));
    Fetch(*source_);
    EXPECT_EQ(transport_.requests().size(), before + 3) << ahead;
  }
}

TEST_F(SignedFetchTest, M32_AVenueThatNothingSatisfiesIsAskedTwice) {
  transport_.OnSend([&] {
    transport_.AnswerWith(401, "request timestamp out of range", {{"Date", DateAt({})}});
    clock_.Advance(milliseconds(80));
  });
  Fetch(*source_);

  EXPECT_EQ(result_->error().kind, ErrorKind::kClockSkew);
  EXPECT_EQ(transport_.requests().size(), 2U);
}

TEST_F(SignedFetchTest, M33_ACachedDateBesideGoodOnesChangesNothing) {
  for (int i = 0; i < 20; ++i) {
    const bool is_cached = i % 2 == 0;
    std::vector<HttpHeader> headers = {{"Date", DateAt(is_cached ? seconds(-300) : seconds(0))}};
    if (is_cached) headers.push_back({"Age", "300"});
    transport_.AnswerWith(200, polymarket_us::samples::kOrdinary, std::move(headers));
    Fetch(*source_);
  }

  EXPECT_LE(std::chrono::abs(*skew_->Skew()), seconds(1));
}

TEST_F(SignedFetchTest, M34_InAQueueOfTwentySecondsEachIsSignedWhenItIsSent) {
  const auto slow = std::make_shared<Pacer>(loop_.get_executor(), clock_, RateSettings{0.5, 1});
  PacedSource source(MakeClient(), slow, clock_);
  int on_time = 0;
  transport_.OnSend([&] {
    transport_.AnswerWith(200, polymarket_us::samples::kOrdinary);
    if (std::chrono::abs(SignedOffset({})) <= seconds(1)) ++on_time;
  });
  ManyFetches queue(loop_);
  for (int i = 0; i < 10; ++i) queue.Start(source);
  Run();
  EXPECT_EQ(transport_.requests().size(), 1U);
  for (int i = 0; i < 200; ++i) Advance(milliseconds(105));

  EXPECT_EQ(transport_.requests().size(), 10U);
  EXPECT_EQ(on_time, 10);
}

}  // namespace
}  // namespace balance
