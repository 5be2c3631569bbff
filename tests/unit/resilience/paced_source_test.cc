#include "clients/resilience/paced_source.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <optional>
#include <utility>

#include "clients/resilience/hold_off_source.h"
#include "tests/support/fetching.h"
#include "tests/unit/resilience/many_fetches.h"

namespace balance {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// One request a second, less the margin.
class PacedSourceTest : public FetchingTest {
 protected:
  std::shared_ptr<Pacer> pacer_ =
      std::make_shared<Pacer>(loop_.get_executor(), clock_, RateSettings{1, 1});
  // Takes the turn that there is.
  void FetchOnce(PacedSource& source) {
    Fetch(source);
    upstream_.AnswerWith("1");
    Run();
  }

  ManyFetches::One& Start(BalanceSource& source, SteadyTime deadline = SteadyTime::max(),
                          bool urgent = true) {
    ManyFetches::One& one = fetches_.Start(source, deadline, urgent);
    Run();
    return one;
  }

  PacedSource source_{upstream_.MakeSource(), pacer_, clock_};
  PacedSource neighbour_{upstream_.MakeSource(), pacer_, clock_};
  ManyFetches fetches_{loop_};
};

TEST_F(PacedSourceTest, SendsAtOnceWhenItIsItsTurn) {
  Fetch(source_);
  EXPECT_EQ(upstream_.requests(), 1);
  upstream_.AnswerWith("1");
  Run();

  EXPECT_TRUE(*result_);
}

TEST_F(PacedSourceTest, WaitsForTheTurnThatAnotherFetchTook) {
  Fetch(source_);
  upstream_.AnswerWith("1");
  Run();
  Fetch(source_);
  EXPECT_EQ(upstream_.requests(), 1);
  EXPECT_FALSE(progress_.sent_at);

  Advance(milliseconds(1112));

  EXPECT_EQ(upstream_.requests(), 2);
  EXPECT_EQ(progress_.sent_at, clock_.SteadyNow());
}

TEST_F(PacedSourceTest, M19_ATurnAfterTheDeadlineIsRefusedAtOnceAndNotQueued) {
  Fetch(source_);
  upstream_.AnswerWith("1");
  Run();
  Fetch(source_, milliseconds(900));

  ASSERT_TRUE(result_);
  EXPECT_EQ(result_->error().kind, ErrorKind::kFreshnessUnsatisfied);
  EXPECT_GT(result_->error().retry_after, seconds(1));
  Advance(seconds(5));
  EXPECT_EQ(upstream_.requests(), 1);
}

TEST_F(PacedSourceTest, M13_AfterA429NothingIsSentUntilTheUpstreamAllows) {
  Fetch(source_);
  upstream_.FailWith({ErrorKind::kRateLimited, "slow down", seconds(7)});
  Run();
  for (int i = 1; i < 7; ++i) {
    Advance(seconds(1));
    Fetch(source_);
    ASSERT_TRUE(result_);
    EXPECT_EQ(result_->error().message, "slow down");
    EXPECT_EQ(result_->error().retry_after, seconds(7 - i));
  }
  EXPECT_EQ(source_.Outlook().because->message, "slow down");
  EXPECT_EQ(upstream_.requests(), 1);

  Advance(seconds(1));
  Fetch(source_);

  EXPECT_EQ(upstream_.requests(), 2);
}

TEST_F(PacedSourceTest, WhatWouldBeRefusedFurtherDownTakesNoTurn) {
  upstream_.RefuseFor(seconds(60), ErrorKind::kCredentialsRejected);
  Fetch(source_);
  EXPECT_EQ(result_->error().kind, ErrorKind::kCredentialsRejected);
  EXPECT_FALSE(pacer_->BlockedBy());
  upstream_.Admit();

  Fetch(source_);

  EXPECT_EQ(upstream_.requests(), 1);
}

TEST_F(PacedSourceTest, WhileItWaitsItTellsWhenItWillBeSent) {
  FetchOnce(source_);
  const SteadyTime turn = pacer_->NextTurn();
  Fetch(source_);
  EXPECT_EQ(progress_.planned_send, turn);

  Advance(turn - clock_.SteadyNow());

  EXPECT_FALSE(progress_.planned_send);
  EXPECT_EQ(progress_.sent_at, turn);
}

TEST_F(PacedSourceTest, M13_A429RefusesThoseWhoWaitAtOnce) {
  ManyFetches::One& first = Start(source_);
  ManyFetches::One& second = Start(source_);
  ManyFetches::One& third = Start(neighbour_, SteadyTime::max(), false);
  upstream_.FailWith({ErrorKind::kRateLimited, "slow down", seconds(7)});
  Run();

  for (const ManyFetches::One* one : {&first, &second, &third}) {
    ASSERT_TRUE(one->result);
    EXPECT_EQ(one->result->error().message, "slow down");
    EXPECT_EQ(one->result->error().retry_after, seconds(7));
  }
  EXPECT_FALSE(second.progress.sent_at);
  Advance(seconds(60));
  EXPECT_EQ(upstream_.requests(), 1);
}

TEST_F(PacedSourceTest, ARefusalThatIsToldOnlyAfterThePauseIsStillTold) {
  Start(source_);
  ManyFetches::One& second = Start(source_);
  upstream_.FailWith({ErrorKind::kRateLimited, "slow down", seconds(1)});
  loop_.restart();
  // The loop stands still between the 429 and the end of the wait.
  while (pacer_->BlockedUntil() <= clock_.SteadyNow()) loop_.poll_one();
  clock_.Advance(seconds(2));
  Run();

  ASSERT_TRUE(second.result);
  EXPECT_EQ(second.result->error().message, "slow down");
  EXPECT_EQ(second.result->error().retry_after, Duration());
}

TEST_F(PacedSourceTest, M13_A429OfOneCredentialLeavesTheOthersAlone) {
  PacedSource other(upstream_.MakeSource(),
                    std::make_shared<Pacer>(loop_.get_executor(), clock_, RateSettings{1, 1}),
                    clock_);
  Fetch(source_);
  upstream_.FailWith({ErrorKind::kRateLimited, "slow down", seconds(7)});
  Run();
  Fetch(other);

  EXPECT_EQ(upstream_.requests(), 2);
  EXPECT_FALSE(other.Outlook().because);
  EXPECT_TRUE(neighbour_.Outlook().because);
}

TEST_F(PacedSourceTest, M16_A429LowersTheRateOfAllWhoShareIt) {
  const auto pacer = std::make_shared<Pacer>(loop_.get_executor(), clock_, RateSettings{10, 1});
  PacedSource source(upstream_.MakeSource(), pacer, clock_);
  Fetch(source);
  upstream_.FailWith({ErrorKind::kRateLimited, "slow down", seconds(1)});
  Run();
  Advance(seconds(1));
  FetchOnce(source);
  const Duration interval = pacer->NextTurn() - clock_.SteadyNow();

  EXPECT_GT(interval, milliseconds(158));
  EXPECT_LT(interval, milliseconds(160));
}

TEST_F(PacedSourceTest, A503ThatAsksForAPauseGetsIt) {
  Fetch(source_);
  upstream_.FailWith({ErrorKind::kUpstreamError, "maintenance", seconds(30)});
  Run();
  Fetch(neighbour_);

  EXPECT_EQ(result_->error().message, "maintenance");
  EXPECT_EQ(pacer_->blocked_until().After(clock_.SteadyNow()), clock_.SteadyNow() + seconds(30));
}

TEST_F(PacedSourceTest, OtherFailuresAskForNoPause) {
  for (const auto kind : {ErrorKind::kUnreachable, ErrorKind::kUpstreamError,
                          ErrorKind::kReplyInvalid, ErrorKind::kCredentialsRejected}) {
    Fetch(source_);
    upstream_.FailWith(kind);
    Run();
    Advance(milliseconds(1112));
  }

  EXPECT_EQ(upstream_.requests(), 4);
  EXPECT_FALSE(pacer_->BlockedBy());
}

TEST_F(PacedSourceTest, ARefusalFromFurtherDownTeachesNothing) {
  upstream_.RefuseFor(seconds(60), ErrorKind::kRateLimited);
  Fetch(source_);

  EXPECT_EQ(result_->error().kind, ErrorKind::kRateLimited);
  EXPECT_FALSE(pacer_->BlockedBy());
  EXPECT_LE(pacer_->NextTurn(), clock_.SteadyNow());
}

TEST_F(PacedSourceTest, WhatTheAnswerSaysOfLimitsIsHeeded) {
  Fetch(source_);
  progress_.rate_limits.exhausted_for = seconds(20);
  upstream_.AnswerWith("1");
  Run();

  EXPECT_EQ(source_.Outlook().earliest, clock_.SteadyNow() + seconds(20));
  EXPECT_FALSE(source_.Outlook().because);
}

TEST_F(PacedSourceTest, ADelayFromFurtherDownIsWaitedForBeforeATurnIsTaken) {
  upstream_.DelayFor(seconds(5));
  ManyFetches::One& delayed = Start(source_);
  EXPECT_EQ(delayed.progress.planned_send, clock_.SteadyNow() + seconds(5));
  EXPECT_LE(pacer_->NextTurn(), clock_.SteadyNow());

  Advance(seconds(5));

  EXPECT_EQ(delayed.progress.sent_at, clock_.SteadyNow());
  EXPECT_EQ(upstream_.requests(), 1);
}

TEST_F(PacedSourceTest, M13_A429EndsTheWaitForAnEarlierDelay) {
  FakeUpstream delayed(clock_);
  PacedSource behind(delayed.MakeSource(), pacer_, clock_);
  delayed.DelayFor(seconds(5));
  ManyFetches::One& waits = Start(behind);
  Start(source_);
  upstream_.FailWith({ErrorKind::kRateLimited, "slow down", seconds(60)});
  Run();

  ASSERT_TRUE(waits.result);
  EXPECT_EQ(waits.result->error().message, "slow down");
  EXPECT_EQ(clock_.sleepers(), 0U);
}

TEST_F(PacedSourceTest, AnExhaustedLimitMovesTheTurnThatWasPlanned) {
  Start(source_);
  const ManyFetches::One& second = Start(neighbour_);
  pacer_->OnLimits({.per_second = {}, .per_minute = {}, .exhausted_for = seconds(60)});

  EXPECT_EQ(second.progress.planned_send, clock_.SteadyNow() + seconds(60));
}

TEST_F(PacedSourceTest, ARejectionThatComesMeanwhileEndsTheWaitOfAllWithTheCredential) {
  const auto hold_off = std::make_shared<HoldOff>(seconds(60), seconds(900));
  PacedSource first(std::make_unique<HoldOffSource>(upstream_.MakeSource(), hold_off, clock_),
                    pacer_, clock_);
  PacedSource second(std::make_unique<HoldOffSource>(upstream_.MakeSource(), hold_off, clock_),
                     pacer_, clock_);
  Start(first);
  ManyFetches::One& waits = Start(second);
  upstream_.FailWith(ErrorKind::kCredentialsRejected);
  Run();

  ASSERT_TRUE(waits.result);
  EXPECT_EQ(waits.result->error().kind, ErrorKind::kCredentialsRejected);
  EXPECT_EQ(waits.result->error().retry_after, seconds(60));
  EXPECT_FALSE(waits.progress.sent_at);
  EXPECT_EQ(upstream_.requests(), 1);
}

TEST_F(PacedSourceTest, ARejectionIsToldEvenWhileThe429sPauseLasts) {
  pacer_->OnRateLimited({ErrorKind::kRateLimited, "slow down", seconds(300)});
  upstream_.RefuseFor(seconds(60), ErrorKind::kCredentialsRejected);
  Fetch(source_);

  EXPECT_EQ(result_->error().kind, ErrorKind::kCredentialsRejected);
  EXPECT_EQ(source_.Outlook().because->kind, ErrorKind::kCredentialsRejected);
  EXPECT_EQ(source_.Outlook().earliest, clock_.SteadyNow() + seconds(300));
}

TEST_F(PacedSourceTest, ACancelledFetchLeavesItsTurnToTheNext) {
  FetchOnce(source_);
  ManyFetches::One& gone = Start(source_);
  ManyFetches::One& next = Start(neighbour_);
  gone.cancel.emit(boost::asio::cancellation_type::terminal);
  Run();
  Advance(milliseconds(1112));

  EXPECT_TRUE(gone.is_cancelled);
  EXPECT_FALSE(gone.progress.sent_at);
  EXPECT_EQ(next.progress.sent_at, clock_.SteadyNow());
}

TEST_F(PacedSourceTest, M19_ThoseAheadCountWhenTheTurnIsEstimated) {
  FetchOnce(source_);
  for (int i = 0; i < 3; ++i) Start(neighbour_);
  const ManyFetches::One& late = Start(source_, clock_.SteadyNow() + seconds(4));
  const ManyFetches::One& in_time = Start(source_, clock_.SteadyNow() + seconds(5));

  ASSERT_TRUE(late.result);
  EXPECT_EQ(late.result->error().kind, ErrorKind::kFreshnessUnsatisfied);
  EXPECT_FALSE(in_time.result);
  Advance(milliseconds(1112));
  EXPECT_EQ(upstream_.requests(), 2);
}

TEST_F(PacedSourceTest, AWaitThatGrewLongerThanTheDeadlineEndsThere) {
  ManyFetches fetches(loop_);
  fetches.Start(source_);
  Run();
  const ManyFetches::One& second = fetches.Start(source_, clock_.SteadyNow() + seconds(5));
  Run();
  pacer_->OnLimits({.per_second = {}, .per_minute = {}, .exhausted_for = seconds(60)});
  Advance(seconds(2));
  EXPECT_FALSE(second.result);

  Advance(seconds(3));

  ASSERT_TRUE(second.result);
  EXPECT_EQ(second.result->error().kind, ErrorKind::kFreshnessUnsatisfied);
  EXPECT_GT(second.result->error().retry_after, seconds(50));
  Advance(seconds(120));
  EXPECT_EQ(upstream_.requests(), 1);
}

TEST_F(PacedSourceTest, WhatMustBeSentByATimeIsNotSentLater) {
  FetchOnce(source_);
  progress_ = {};
  FetchContext context{clock_.SteadyNow() + seconds(10), &progress_};
  context.send_by = clock_.SteadyNow() + milliseconds(100);
  std::optional<Result<Reading>> result;
  boost::asio::co_spawn(loop_, source_.Fetch(context),
                        [&](const std::exception_ptr&, Result<Reading> fetched) {
                          result.emplace(std::move(fetched));
                        });
  Run();

  ASSERT_TRUE(result);
  EXPECT_EQ(result->error().kind, ErrorKind::kFreshnessUnsatisfied);
  Advance(seconds(5));
  EXPECT_EQ(upstream_.requests(), 1);
}

}  // namespace
}  // namespace balance
