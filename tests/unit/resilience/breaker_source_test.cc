#include "clients/resilience/breaker_source.h"

#include <gtest/gtest.h>

#include "clients/resilience/retrying_source.h"
#include "tests/support/fetching.h"

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
  for (const auto kind : {ErrorKind::kRateLimited, ErrorKind::kCredentialsRejected,
                          ErrorKind::kForbidden, ErrorKind::kAccountMissing,
                          ErrorKind::kClockSkew, ErrorKind::kCancelled}) {
    for (int i = 0; i < 20; ++i) FetchAndFail(kind, false);
  }
  // A redirect, a bare 404.
  for (int i = 0; i < 20; ++i) FetchAndFail(ErrorKind::kUpstreamError, false);

  EXPECT_EQ(breaker_->State(clock_.SteadyNow()), BreakerState::kClosed);
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
  const auto retries = std::make_shared<RetryBudget>();
  RetryingSource retrying(
      std::make_unique<BreakerSource>(upstream_.MakeSource(), breaker_, clock_), retries,
      [] { return 0.5; }, clock_);
  int refreshes_sent = 0;
  for (Duration passed{}; passed < std::chrono::minutes(10); passed += milliseconds(500)) {
    const int before = upstream_.requests();
    Fetch(retrying);
    for (int i = 0; i < 4 && !result_; ++i) {
      if (upstream_.IsWaiting()) {
        Error down{ErrorKind::kUnreachable, "down"};
        down.is_transient = true;
        upstream_.FailWith(std::move(down));
        Run();
      }
      Advance(milliseconds(100));
    }
    ASSERT_TRUE(result_);
    if (upstream_.requests() > before) ++refreshes_sent;
    Advance(milliseconds(500));
  }

  // Five to open it, then a probe at 5, 10, 20, 40 and every 60 seconds, and retries of the first
  // few.
  EXPECT_LE(upstream_.requests(), 30);
  EXPECT_GE(upstream_.requests(), 10);
  EXPECT_LE(upstream_.requests() - refreshes_sent, 5);
}

}  // namespace
}  // namespace balance
