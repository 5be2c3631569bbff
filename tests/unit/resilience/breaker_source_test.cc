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
  void FetchAndFail(ErrorKind kind, bool is_transient = true) {
    Fetch(source_);
    if (!upstream_.IsWaiting()) return;
    Error error{kind, "as the test wishes"};
    error.is_transient = is_transient;
    upstream_.FailWith(std::move(error));
    Run();
  }

  std::shared_ptr<Breaker> breaker_ = std::make_shared<Breaker>([] { return 0.5; });
  BreakerSource source_{upstream_.MakeSource(), breaker_, clock_};
};

TEST_F(BreakerSourceTest, WhileOpenNothingIsSentAndTheFailureThatOpenedItIsTold) {
  for (int i = 0; i < 100; ++i) FetchAndFail(ErrorKind::kReplyInvalid);

  EXPECT_EQ(upstream_.requests(), 5);
  EXPECT_EQ(result_->error().kind, ErrorKind::kReplyInvalid);
  EXPECT_EQ(result_->error().retry_after, seconds(5));
  EXPECT_EQ(source_.Outlook().earliest, clock_.SteadyNow() + seconds(5));
  EXPECT_EQ(source_.Outlook().because->kind, ErrorKind::kReplyInvalid);
}

TEST_F(BreakerSourceTest, WhatIsNoFaultOfTheHostLeavesItClosed) {
  for (const auto kind :
       {ErrorKind::kRateLimited, ErrorKind::kCredentialsRejected, ErrorKind::kForbidden,
        ErrorKind::kAccountMissing, ErrorKind::kClockSkew, ErrorKind::kCancelled}) {
    for (int i = 0; i < 20; ++i) FetchAndFail(kind, false);
  }
  // A redirect, a bare 404.
  for (int i = 0; i < 20; ++i) FetchAndFail(ErrorKind::kUpstreamError, false);

  EXPECT_EQ(breaker_->State(clock_.SteadyNow()), BreakerState::kClosed);
}

TEST_F(BreakerSourceTest, TroubleThatMayBeOursSaysNothingOfTheHost) {
  Error local{ErrorKind::kUnreachable, "tls_ca_file cannot be read"};
  local.is_local = true;
  const auto fail = [&] {
    Fetch(source_);
    if (upstream_.IsWaiting()) upstream_.FailWith(local);
    Run();
  };
  for (int i = 0; i < 20; ++i) fail();
  EXPECT_EQ(breaker_->State(clock_.SteadyNow()), BreakerState::kClosed);

  for (int i = 0; i < 5; ++i) FetchAndFail(ErrorKind::kUnreachable);
  Advance(seconds(5));
  for (int i = 0; i < 3; ++i) fail();

  EXPECT_EQ(breaker_->State(clock_.SteadyNow()), BreakerState::kHalfOpen);
  EXPECT_FALSE(source_.Outlook().because);
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

  EXPECT_EQ(breaker_->State(clock_.SteadyNow()), BreakerState::kHalfOpen);
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

TEST_F(BreakerSourceTest, ARejectedCredentialShowsThatTheHostIsBack) {
  for (int i = 0; i < 5; ++i) FetchAndFail(ErrorKind::kUnreachable);
  Advance(seconds(5));
  for (int i = 0; i < 2; ++i) FetchAndFail(ErrorKind::kCredentialsRejected, false);

  EXPECT_EQ(breaker_->State(clock_.SteadyNow()), BreakerState::kClosed);
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
  EXPECT_EQ(breaker_->State(clock_.SteadyNow()), BreakerState::kClosed);

  for (int i = 0; i < 5; ++i) {
    Fetch(source_, milliseconds(300));
    Advance(milliseconds(300));
    upstream_.FailWith(ErrorKind::kUnreachable);
    Run();
  }
  EXPECT_EQ(breaker_->State(clock_.SteadyNow()), BreakerState::kOpen);
}

TEST_F(BreakerSourceTest, ItIsSharedByAllSourcesAtTheHost) {
  BreakerSource other(upstream_.MakeSource(), breaker_, clock_);
  for (int i = 0; i < 5; ++i) FetchAndFail(ErrorKind::kUnreachable);
  Fetch(other);

  EXPECT_EQ(upstream_.requests(), 5);
  EXPECT_EQ(result_->error().kind, ErrorKind::kUnreachable);
}

}  // namespace
}  // namespace balance
