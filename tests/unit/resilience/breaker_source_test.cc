#include "clients/resilience/breaker_source.h"

#include <gtest/gtest.h>

#include <vector>

#include "clients/resilience/paced_source.h"
#include "clients/resilience/retrying_source.h"
#include "tests/support/fetching.h"
#include "tests/unit/resilience/many_fetches.h"

namespace balance {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class BreakerSourceTest : public FetchingTest {
 protected:
  static Error Refused() {
    Error error{ErrorKind::kUnreachable, "Nobody is there; ask again."};
    error.is_transient = true;
    error.is_connect_failure = true;
    return error;
  }

  std::shared_ptr<LoginBreaker> NewLogin() {
    return std::make_shared<LoginBreaker>(host_, [] { return 0.5; });
  }

  void FetchAndFail(BalanceSource& source, const Error& error) {
    Fetch(source);
    if (!upstream_.IsWaiting()) return;
    upstream_.FailWith(error);
    Run();
  }
  void FetchAndFail(ErrorKind kind, bool is_transient = true) {
    Error error{kind, "as the test wishes"};
    error.is_transient = is_transient;
    FetchAndFail(source_, error);
  }

  BreakerState State() const { return breaker_->State(clock_.SteadyNow()); }

  std::shared_ptr<HostBreaker> host_ = std::make_shared<HostBreaker>([] { return 0.5; });
  std::shared_ptr<LoginBreaker> breaker_ = NewLogin();
  BreakerSource source_{upstream_.MakeSource(), breaker_, clock_};
};

TEST_F(BreakerSourceTest, WhileOpenNothingIsSentAndTheFailureThatOpenedItIsTold) {
  for (int i = 0; i < 100; ++i) FetchAndFail(ErrorKind::kUpstreamError);

  EXPECT_EQ(upstream_.requests(), 5);
  EXPECT_EQ(result_->error().kind, ErrorKind::kUpstreamError);
  EXPECT_EQ(result_->error().retry_after, seconds(5));
  EXPECT_EQ(source_.Outlook().earliest, clock_.SteadyNow() + seconds(5));
  EXPECT_EQ(source_.Outlook().because->kind, ErrorKind::kUpstreamError);
}

// A redirect, a bare 404, 400, 410, 451; a reply that is no balance; a certificate that is not
// accepted.
TEST_F(BreakerSourceTest, M81_WhatWillBeTheSameNextTimeIsAskedFiveSecondsLaterDoublingToAMinute) {
  Error untrusted{ErrorKind::kUnreachable, "The certificate was not accepted."};
  untrusted.may_be_configuration = true;
  for (const Error& error : {Error{ErrorKind::kUpstreamError, "moved"},
                             Error{ErrorKind::kReplyInvalid, "no balance"}, untrusted}) {
    BreakerSource source(upstream_.MakeSource(), NewLogin(), clock_);
    std::vector<SteadyTime> sent;
    for (const SteadyTime end = clock_.SteadyNow() + std::chrono::minutes(5);
         clock_.SteadyNow() < end; Advance(milliseconds(250))) {
      Fetch(source);
      EXPECT_EQ(result_.has_value(), !upstream_.IsWaiting());
      if (!upstream_.IsWaiting()) continue;
      sent.push_back(clock_.SteadyNow());
      upstream_.FailWith(error);
      Run();
    }
    std::vector<Duration> pauses;
    for (std::size_t i = 1; i < sent.size(); ++i) {
      const Duration pause = sent[i] - sent[i - 1];
      // Up to five to see that it keeps failing.
      if (pause == milliseconds(250) && i < 5) continue;
      pauses.push_back(pause);
    }

    EXPECT_EQ(pauses, (std::vector<Duration>{seconds(5), seconds(10), seconds(20), seconds(40),
                                             seconds(60), seconds(60), seconds(60)}));
    EXPECT_EQ(result_->error().message, error.message);
  }
}

TEST_F(BreakerSourceTest, M106_WhatFailsForLackOfOurOwnMeansOpensNoBreaker) {
  Error local{ErrorKind::kUnreachable, "This service could open no socket."};
  local.is_local = true;
  BreakerSource neighbour(upstream_.MakeSource(), NewLogin(), clock_);
  for (int i = 0; i < 20; ++i) {
    FetchAndFail(source_, local);
    FetchAndFail(neighbour, local);
  }

  EXPECT_EQ(upstream_.requests(), 40);
  EXPECT_EQ(State(), BreakerState::kClosed);
  Fetch(source_);
  upstream_.AnswerWith("1");
  Run();
  EXPECT_TRUE(*result_);
}

// Nor does it count as the failed probe of one that is open.
TEST_F(BreakerSourceTest, M106_AProbeThatFailsForLackOfOurOwnMeansIsMadeAgain) {
  for (int i = 0; i < 5; ++i) FetchAndFail(ErrorKind::kUpstreamError);
  Advance(seconds(5));
  Error local{ErrorKind::kUnreachable, "This service could open no socket."};
  local.is_local = true;
  FetchAndFail(source_, local);
  EXPECT_EQ(State(), BreakerState::kHalfOpen);

  Fetch(source_);

  EXPECT_EQ(upstream_.requests(), 7);
}

TEST_F(BreakerSourceTest, WhatHoldOffsAndPacersHeedLeavesItClosed) {
  for (const auto kind :
       {ErrorKind::kRateLimited, ErrorKind::kCredentialsRejected, ErrorKind::kForbidden,
        ErrorKind::kAccountMissing, ErrorKind::kClockSkew, ErrorKind::kCancelled}) {
    for (int i = 0; i < 20; ++i) FetchAndFail(kind, false);
  }

  EXPECT_EQ(State(), BreakerState::kClosed);
}

// Fails before anything is sent.
class UnsentSource final : public BalanceSource {
 public:
  boost::asio::awaitable<Result<Reading>> Fetch(FetchContext) override {
    co_return Fail(ErrorKind::kInvalidInput, "it cannot be signed");
  }
};

TEST_F(BreakerSourceTest, WhatWasNotSentClosesNoBreaker) {
  for (int i = 0; i < 5; ++i) FetchAndFail(ErrorKind::kUnreachable);
  Advance(seconds(5));
  BreakerSource unsent(std::make_unique<UnsentSource>(), breaker_, clock_);
  for (int i = 0; i < 5; ++i) Fetch(unsent);

  EXPECT_EQ(State(), BreakerState::kHalfOpen);
  EXPECT_EQ(result_->error().kind, ErrorKind::kInvalidInput);
}

TEST_F(BreakerSourceTest, WhileAProbeIsUnderWayOthersAreRefused) {
  for (int i = 0; i < 5; ++i) FetchAndFail(ErrorKind::kUnreachable);
  clock_.Advance(seconds(5));
  BreakerSource other(upstream_.MakeSource(), breaker_, clock_);
  Fetch(source_);
  EXPECT_EQ(upstream_.requests(), 6);

  EXPECT_TRUE(other.Outlook().because);
  EXPECT_GT(other.Outlook().earliest, clock_.SteadyNow());
  upstream_.AnswerWith("1");
  Run();
  EXPECT_FALSE(other.Outlook().because);
}

TEST_F(BreakerSourceTest, M20_TenMinutesOfFailuresCostFewMoreThanTheProbes) {
  const auto pacer = std::make_shared<Pacer>(loop_.get_executor(), clock_, RateSettings{2, 2});
  auto behind_breaker = std::make_unique<BreakerSource>(upstream_.MakeSource(), breaker_, clock_);
  RetryingSource retrying(
      std::make_unique<PacedSource>(std::move(behind_breaker), pacer, clock_),
      std::make_shared<RetryBudget>(), [] { return 0.5; }, clock_);
  int calls = 0;
  std::vector<SteadyTime> sent;
  const SteadyTime end = clock_.SteadyNow() + std::chrono::minutes(10);
  for (; clock_.SteadyNow() < end; ++calls) {
    Fetch(retrying);
    for (int i = 0; i < 40 && !result_; ++i) {
      if (upstream_.IsWaiting()) {
        sent.push_back(clock_.SteadyNow());
        Error down{ErrorKind::kUnreachable, "down"};
        down.is_transient = true;
        upstream_.FailWith(std::move(down));
      }
      Advance(milliseconds(50));
    }
    ASSERT_TRUE(result_);
    Advance(milliseconds(500));
  }

  EXPECT_GT(calls, 1000);
  EXPECT_LE(upstream_.requests(), calls * 11 / 10);
  // Five to open it, then probes at 5, 10, 20, 40 and every 60 seconds.
  ASSERT_GE(sent.size(), 12U);
  EXPECT_LE(sent.size(), 20U);
  for (std::size_t i = 5; i < sent.size(); ++i) EXPECT_GE(sent[i] - sent[i - 1], seconds(4)) << i;
  EXPECT_EQ(result_->error().message, "down");
}

TEST_F(BreakerSourceTest, M21_HalfOpenLetsExactlyOneOfAHundredCallersProbe) {
  for (int i = 0; i < 5; ++i) FetchAndFail(ErrorKind::kUnreachable);
  Advance(seconds(5));
  ManyFetches callers(loop_);
  for (int i = 0; i < 100; ++i) callers.Start(source_);
  Run();
  EXPECT_EQ(upstream_.requests(), 6);
  upstream_.AnswerWith("1");
  Run();

  EXPECT_EQ(upstream_.requests(), 6);
  int good = 0;
  for (const ManyFetches::One& caller : callers.all()) {
    ASSERT_TRUE(caller.result);
    if (*caller.result) {
      ++good;
    } else {
      EXPECT_EQ(caller.result->error().kind, ErrorKind::kUnreachable);
      EXPECT_GT(caller.result->error().retry_after, Duration());
      EXPECT_FALSE(caller.progress.sent_at);
    }
  }
  EXPECT_EQ(good, 1);
}

TEST_F(BreakerSourceTest, AProbeThatIsCancelledFreesThePlace) {
  for (int i = 0; i < 5; ++i) FetchAndFail(ErrorKind::kUnreachable);
  Advance(seconds(5));
  ManyFetches callers(loop_);
  ManyFetches::One& probe = callers.Start(source_);
  Run();
  probe.cancel.emit(boost::asio::cancellation_type::terminal);
  Run();
  EXPECT_TRUE(probe.is_cancelled);
  EXPECT_FALSE(source_.Outlook().because);

  Fetch(source_);
  EXPECT_EQ(upstream_.requests(), 7);
  upstream_.AnswerWith("1");
  Run();
}

TEST_F(BreakerSourceTest, TwoGoodProbesOpenTheWayForAll) {
  for (int i = 0; i < 5; ++i) FetchAndFail(ErrorKind::kUnreachable);
  Advance(seconds(5));
  for (int i = 0; i < 2; ++i) {
    Fetch(source_);
    upstream_.AnswerWith("1");
    Run();
  }
  ManyFetches callers(loop_);
  for (int i = 0; i < 10; ++i) callers.Start(source_);
  Run();

  EXPECT_EQ(upstream_.requests(), 17);
  while (upstream_.IsWaiting()) {
    upstream_.AnswerWith("1");
    Run();
  }
}

TEST_F(BreakerSourceTest, ARejectedCredentialShowsThatTheUpstreamAnswersAgain) {
  for (int i = 0; i < 5; ++i) FetchAndFail(ErrorKind::kUnreachable);
  Advance(seconds(5));
  for (int i = 0; i < 2; ++i) FetchAndFail(ErrorKind::kCredentialsRejected, false);

  EXPECT_EQ(State(), BreakerState::kClosed);
}

TEST_F(BreakerSourceTest, OurOwnShortDeadlineIsNoFailure) {
  for (int i = 0; i < 10; ++i) {
    Fetch(source_);
    Advance(milliseconds(300));
    upstream_.AnswerWith("1");
    Run();
  }
  for (int i = 0; i < 20; ++i) {
    Fetch(source_, milliseconds(100));
    Advance(milliseconds(100));
    upstream_.FailWith(ErrorKind::kUnreachable);
    Run();
  }
  EXPECT_EQ(State(), BreakerState::kClosed);

  for (int i = 0; i < 5; ++i) {
    Fetch(source_, milliseconds(300));
    Advance(milliseconds(300));
    upstream_.FailWith(ErrorKind::kUnreachable);
    Run();
  }
  EXPECT_EQ(State(), BreakerState::kOpen);
}

TEST_F(BreakerSourceTest, M72_TimeOutsOfOurOwnPauseAreNoFailures) {
  Error held_up{ErrorKind::kUnreachable, "timed out"};
  held_up.is_transient = true;
  held_up.is_held_up = true;
  for (int i = 0; i < 10; ++i) FetchAndFail(source_, held_up);
  EXPECT_EQ(upstream_.requests(), 10);
  EXPECT_EQ(State(), BreakerState::kClosed);

  // Nor does a probe that met one say anything, and the next may go.
  for (int i = 0; i < 5; ++i) FetchAndFail(ErrorKind::kUnreachable);
  Advance(seconds(5));
  FetchAndFail(source_, held_up);
  EXPECT_EQ(State(), BreakerState::kHalfOpen);
  Fetch(source_);
  EXPECT_EQ(upstream_.requests(), 17);
  upstream_.AnswerWith("1");
  Run();
}

TEST_F(BreakerSourceTest, ItIsSharedByAllSourcesOfTheLogin) {
  BreakerSource other(upstream_.MakeSource(), breaker_, clock_);
  for (int i = 0; i < 5; ++i) FetchAndFail(ErrorKind::kUnreachable);
  Fetch(other);

  EXPECT_EQ(upstream_.requests(), 5);
  EXPECT_EQ(result_->error().kind, ErrorKind::kUnreachable);
}

TEST_F(BreakerSourceTest, M80_OneLoginsFailuresNeverStopAnother) {
  BreakerSource other(upstream_.MakeSource(), NewLogin(), clock_);
  for (const auto kind :
       {ErrorKind::kUpstreamError, ErrorKind::kReplyInvalid, ErrorKind::kUnreachable}) {
    for (int i = 0; i < 50; ++i) FetchAndFail(kind);
    const int before = upstream_.requests();
    Fetch(other);
    EXPECT_EQ(upstream_.requests(), before + 1);
    upstream_.AnswerWith("1");
    Run();
    EXPECT_TRUE(*result_);
    Advance(std::chrono::minutes(2));
  }
}

TEST_F(BreakerSourceTest, M82_WhereNobodyCanConnectEachLoginIsToldItsOwnFailureAndSinceWhen) {
  BreakerSource other(upstream_.MakeSource(), NewLogin(), clock_);
  for (int i = 0; i < 4; ++i) FetchAndFail(source_, Refused());
  Fetch(other);
  EXPECT_TRUE(upstream_.IsWaiting());
  Advance(seconds(2));
  upstream_.FailWith(Refused());
  Run();
  // One of its own and four of another.
  Fetch(other);

  EXPECT_EQ(upstream_.requests(), 5);
  ASSERT_TRUE(result_);
  EXPECT_EQ(result_->error().kind, ErrorKind::kUnreachable);
  EXPECT_EQ(result_->error().message,
            "Nobody is there; ask again; no login has reached the host since "
            "2026-09-18T14:05:22Z.");
  EXPECT_EQ(result_->error().retry_after, seconds(5));
  EXPECT_EQ(other.Outlook().earliest, clock_.SteadyNow() + seconds(5));
}

}  // namespace
}  // namespace balance
