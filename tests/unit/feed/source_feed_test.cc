#include "service/feed/source_feed.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/fake_clock.h"
#include "tests/support/fake_source.h"

namespace balance {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class SharedCounter final : public RefreshObserver {
 public:
  int shared = 0;

  void OnRefresh(const SourceStatus&, const Result<Reading>&, Duration) override {}
  void OnShared(const SourceStatus&, const Result<Reading>&) override { ++shared; }
};

class SourceFeedTest : public testing::Test {
 protected:
  SourceFeedTest() {
    auto info = std::make_shared<SourceInfo>();
    info->cache = {seconds(2), seconds(5), seconds(60), milliseconds(500)};
    feed_ = std::make_unique<SourceFeed>(
        loop_.get_executor(), clock_, observer_, SourceFeed::Options{info, seconds(5)},
        upstream_.MakeSource(), SeededRandom(1), [this] { ++changes_; });
  }

  ~SourceFeedTest() override {
    feed_->Stop();
    Run();
  }

  void Run() {
    loop_.restart();
    loop_.poll();
  }

  SourceFeed::WaiterId Wait(SteadyTime oldest, const std::string& name) {
    return feed_->Wait({.steady = oldest}, [this, name](Waited how) {
      ended_.push_back(name + (how == Waited::kStarted ? ":started" : ":joined"));
    });
  }

  boost::asio::io_context loop_;
  FakeClock clock_;
  FakeUpstream upstream_{clock_};
  SharedCounter observer_;
  int changes_ = 0;
  std::vector<std::string> ended_;
  std::unique_ptr<SourceFeed> feed_;
};

TEST_F(SourceFeedTest, ThousandWaitersShareOneRequest) {
  for (int i = 0; i < 1000; ++i) Wait(clock_.SteadyNow(), "w");
  Run();

  EXPECT_EQ(upstream_.requests(), 1);
  upstream_.AnswerWith("12.34");
  Run();

  EXPECT_EQ(ended_.size(), 1000U);
  EXPECT_EQ(ended_.front(), "w:started");
  EXPECT_EQ(ended_.back(), "w:joined");
  EXPECT_EQ(upstream_.requests(), 1);
}

// What its fetch is told, and how its failure is marked.
TEST_F(SourceFeedTest, ARefreshHasTheTraceOfTheCallThatBeganIt) {
  const auto first = TraceContext::Parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
  const auto second =
      TraceContext::Parse("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
  feed_->Wait(
      {.steady = clock_.SteadyNow()}, [](Waited) {}, first);
  feed_->Wait(
      {.steady = clock_.SteadyNow()}, [](Waited) {}, second);
  Run();
  clock_.Advance(seconds(1));
  feed_->Wait(
      {.steady = clock_.SteadyNow()}, [](Waited) {}, second);
  feed_->Wait(
      {.steady = clock_.SteadyNow()}, [](Waited) {}, first);
  upstream_.FailWith(ErrorKind::kUnreachable);
  Run();
  ASSERT_TRUE(feed_->status().failure);
  EXPECT_EQ(feed_->status().failure->error.trace, first);

  upstream_.FailWith(ErrorKind::kUnreachable);
  Run();
  EXPECT_EQ(feed_->status().failure->error.trace, second);

  clock_.Advance(seconds(1));
  feed_->RefreshInBackground({}, std::nullopt);
  Run();
  upstream_.FailWith(ErrorKind::kUnreachable);
  Run();
  EXPECT_EQ(feed_->status().failure->error.trace, std::nullopt);
}

TEST_F(SourceFeedTest, NobodyWaitsAnyMoreSoNothingIsSent) {
  const auto waiter = Wait(clock_.SteadyNow(), "w");
  feed_->Forget(waiter);
  Run();

  EXPECT_EQ(upstream_.requests(), 0);
  Wait(clock_.SteadyNow(), "next");
  Run();

  EXPECT_EQ(upstream_.requests(), 1);
}

TEST_F(SourceFeedTest, ForgottenAfterSendingStillFillsTheCache) {
  const auto waiter = Wait(clock_.SteadyNow(), "w");
  Run();
  feed_->Forget(waiter);
  upstream_.AnswerWith("7");
  Run();

  EXPECT_TRUE(ended_.empty());
  ASSERT_TRUE(feed_->status().reading);
}

TEST_F(SourceFeedTest, ALeavingWaiterTakesNothingFromTheOthers) {
  const auto leader = Wait(clock_.SteadyNow(), "leader");
  Wait(clock_.SteadyNow(), "follower");
  Run();
  feed_->Forget(leader);
  upstream_.AnswerWith("7");
  Run();

  EXPECT_EQ(ended_, std::vector<std::string>{"follower:joined"});
}

TEST_F(SourceFeedTest, BoundsThatTheRunningRefreshCannotMeetQueueOneSuccessor) {
  Wait(clock_.SteadyNow(), "first");
  Run();
  clock_.Advance(seconds(1));
  Wait(clock_.SteadyNow(), "second");
  Wait(clock_.SteadyNow(), "third");
  upstream_.AnswerWith("1");
  Run();

  EXPECT_EQ(ended_, std::vector<std::string>{"first:started"});
  EXPECT_EQ(upstream_.requests(), 2);
  upstream_.AnswerWith("2");
  Run();

  EXPECT_EQ(ended_, (std::vector<std::string>{"first:started", "second:started", "third:joined"}));
  EXPECT_EQ(feed_->status().reading->balances.front().cash->value.ToString(), "2");
}

TEST_F(SourceFeedTest, RefreshWaitsForTheMinimumInterval) {
  Wait(clock_.SteadyNow(), "first");
  Run();
  upstream_.AnswerWith("1");
  Run();
  Wait(clock_.SteadyNow() + Duration(1), "second");
  Run();
  EXPECT_EQ(upstream_.requests(), 1);

  clock_.Advance(milliseconds(499));
  Run();
  EXPECT_EQ(upstream_.requests(), 1);

  clock_.Advance(milliseconds(1));
  Run();
  EXPECT_EQ(upstream_.requests(), 2);
}

TEST_F(SourceFeedTest, WaiterThatComesWhileARefreshWaitsItsTurnJoinsIt) {
  Wait(clock_.SteadyNow(), "first");
  Run();
  upstream_.AnswerWith("1");
  Run();
  Wait(clock_.SteadyNow() + Duration(1), "second");
  Run();
  clock_.Advance(milliseconds(100));
  Wait(clock_.SteadyNow(), "third");
  clock_.Advance(milliseconds(400));
  Run();
  upstream_.AnswerWith("2");
  Run();

  EXPECT_EQ(upstream_.requests(), 2);
  EXPECT_EQ(ended_.back(), "third:joined");
}

TEST_F(SourceFeedTest, AFailureReachesEveryWaiterAndIsCountedOnce) {
  Wait(clock_.SteadyNow(), "a");
  Wait(clock_.SteadyNow(), "b");
  Run();
  upstream_.FailWith(ErrorKind::kUnreachable);
  Run();

  EXPECT_EQ(ended_.size(), 2U);
  ASSERT_TRUE(feed_->status().failure);
  EXPECT_EQ(feed_->status().failure->consecutive_failures, 1);
  EXPECT_EQ(feed_->status().failure->first_failure_time, clock_.WallNow());
  EXPECT_FALSE(feed_->status().reading);
}

TEST_F(SourceFeedTest, FailuresInARowKeepTheTimeOfTheFirst) {
  const WallTime first = clock_.WallNow();
  for (int i = 0; i < 3; ++i) {
    Wait(clock_.SteadyNow(), "w");
    Run();
    upstream_.FailWith(ErrorKind::kUpstreamError);
    Run();
    clock_.Advance(seconds(1));
  }

  EXPECT_EQ(feed_->status().failure->consecutive_failures, 3);
  EXPECT_EQ(feed_->status().failure->first_failure_time, first);
}

TEST_F(SourceFeedTest, SuccessClearsTheFailureAndFailureKeepsTheReading) {
  Wait(clock_.SteadyNow(), "w");
  Run();
  upstream_.AnswerWith("5");
  Run();
  clock_.Advance(seconds(3));
  Wait(clock_.SteadyNow(), "w");
  Run();
  upstream_.FailWith(ErrorKind::kRateLimited);
  Run();
  EXPECT_TRUE(feed_->status().reading);
  EXPECT_TRUE(feed_->status().failure);

  clock_.Advance(seconds(1));
  Wait(clock_.SteadyNow(), "w");
  Run();
  upstream_.AnswerWith("6");
  Run();

  EXPECT_FALSE(feed_->status().failure);
  EXPECT_EQ(feed_->status().reading->balances.front().cash->value.ToString(), "6");
}

TEST_F(SourceFeedTest, CurrenciesBesideTheOneThatIsAlwaysThereAreKnownForGood) {
  const auto answer_in = [this](const std::string& currency) {
    clock_.Advance(seconds(3));
    Wait(clock_.SteadyNow(), "w");
    Run();
    Reading reading = MakeReading("5", clock_.WallNow(), clock_.SteadyNow());
    reading.balances.front().currency_code = currency;
    upstream_.AnswerWith(std::move(reading));
    Run();
    return feed_->status().currencies;
  };

  EXPECT_FALSE(answer_in("USD"));
  const auto known = answer_in("EUR");
  ASSERT_TRUE(known);
  EXPECT_EQ(*known, std::set<std::string>{"EUR"});
  EXPECT_EQ(answer_in("USD"), known);
}

TEST_F(SourceFeedTest, ChangesAreToldBeforeWaitersHear) {
  int changes_when_told = 0;
  feed_->Wait({.steady = clock_.SteadyNow()}, [&](Waited) { changes_when_told = changes_; });
  Run();
  upstream_.AnswerWith("5");
  Run();

  EXPECT_EQ(changes_when_told, 1);
}

TEST_F(SourceFeedTest, BackgroundRefreshNeedsNoWaiter) {
  feed_->RefreshInBackground({.steady = clock_.SteadyNow()});
  feed_->RefreshInBackground({.steady = clock_.SteadyNow()});
  Run();

  EXPECT_EQ(upstream_.requests(), 1);
}

TEST_F(SourceFeedTest, HintWhereNobodyReadsSendsNothingAndOutdatesTheReading) {
  Wait(clock_.SteadyNow(), "w");
  Run();
  upstream_.AnswerWith("1");
  Run();
  clock_.Advance(milliseconds(100));
  const int changes = changes_;

  for (int i = 0; i < 1000; ++i) feed_->Hint();
  Run();

  const Now now = clock_.Time();
  EXPECT_EQ(upstream_.requests(), 1);
  EXPECT_EQ(changes_, changes + 1);
  EXPECT_EQ(Decide(feed_->status(), {}, now), ReadAction::kAnswerAndRefresh);
  EXPECT_EQ(Show(feed_->status(), {}, Waited::kNot, now, now).state, SourceState::kStale);
}

TEST_F(SourceFeedTest, ReadingObservedAfterAHintIsFreshAgain) {
  Wait(clock_.SteadyNow(), "w");
  Run();
  upstream_.AnswerWith("1");
  Run();
  clock_.Advance(milliseconds(600));
  feed_->Hint();

  Wait(clock_.SteadyNow(), "w");
  Run();
  upstream_.AnswerWith("2");
  Run();

  const Now now = clock_.Time();
  EXPECT_EQ(Show(feed_->status(), {}, Waited::kNot, now, now).state, SourceState::kFresh);
  EXPECT_EQ(feed_->status().reading->origin, ReadingOrigin::kPoll);
}

TEST_F(SourceFeedTest, HintsWhileSomebodyWatchesCostOneRequest) {
  feed_->Watch(std::nullopt);
  Run();
  upstream_.AnswerWith("1");
  Run();
  clock_.Advance(milliseconds(600));

  for (int i = 0; i < 1000; ++i) feed_->Hint();
  Run();
  EXPECT_EQ(upstream_.requests(), 2);
  upstream_.AnswerWith("2");
  Run();

  EXPECT_EQ(upstream_.requests(), 2);
  EXPECT_EQ(feed_->status().reading->origin, ReadingOrigin::kPushHint);
  EXPECT_FALSE(feed_->status().IsOutdated());
  feed_->Unwatch(std::nullopt);
}

TEST_F(SourceFeedTest, HintsDuringARefreshQueueExactlyOneSuccessor) {
  feed_->Watch(std::nullopt);
  Run();
  clock_.Advance(milliseconds(100));

  for (int i = 0; i < 1000; ++i) feed_->Hint();
  Run();
  EXPECT_EQ(upstream_.requests(), 1);
  upstream_.AnswerWith("1");
  Run();
  EXPECT_EQ(feed_->status().reading->origin, ReadingOrigin::kPoll);
  clock_.Advance(milliseconds(500));
  Run();

  EXPECT_EQ(upstream_.requests(), 2);
  upstream_.AnswerWith("2");
  Run();
  EXPECT_EQ(feed_->status().reading->origin, ReadingOrigin::kPushHint);
  EXPECT_EQ(upstream_.requests(), 2);
  feed_->Unwatch(std::nullopt);
}

TEST_F(SourceFeedTest, HintsAreSpacedByTheMinimumInterval) {
  feed_->Watch(std::nullopt);
  Run();
  upstream_.AnswerWith("1");
  Run();

  clock_.Advance(milliseconds(100));
  feed_->Hint();
  Run();
  EXPECT_EQ(upstream_.requests(), 1);
  clock_.Advance(milliseconds(400));
  Run();

  EXPECT_EQ(upstream_.requests(), 2);
  feed_->Unwatch(std::nullopt);
}

TEST_F(SourceFeedTest, RefreshThatAHintAskedForAndThatFailsLeavesTheReadingOutdated) {
  feed_->Watch(std::nullopt);
  Run();
  upstream_.AnswerWith("1");
  Run();
  clock_.Advance(milliseconds(600));

  feed_->Hint();
  Run();
  upstream_.FailWith(ErrorKind::kUpstreamError);
  Run();

  EXPECT_TRUE(feed_->status().IsOutdated());
  EXPECT_EQ(feed_->status().failure->error.kind, ErrorKind::kUpstreamError);
  feed_->Unwatch(std::nullopt);
}

TEST_F(SourceFeedTest, StopDoesNotSitOutTheMinimumInterval) {
  Wait(clock_.SteadyNow(), "first");
  Run();
  upstream_.AnswerWith("1");
  Run();
  Wait(clock_.SteadyNow() + Duration(1), "second");
  feed_->Stop();
  Run();

  EXPECT_EQ(ended_.size(), 2U);
  EXPECT_EQ(clock_.sleepers(), 0U);
  EXPECT_TRUE(loop_.stopped());
}

TEST_F(SourceFeedTest, ARefusalThatSaysNothingNewIsNoChange) {
  upstream_.RefuseFor(seconds(60), ErrorKind::kUnreachable);
  for (int i = 0; i < 3; ++i) {
    Wait(clock_.SteadyNow(), "w");
    Run();
    clock_.Advance(seconds(1));
  }
  EXPECT_EQ(ended_.size(), 3U);
  EXPECT_EQ(changes_, 1);

  upstream_.RefuseFor(seconds(60), ErrorKind::kUnreachable);
  Wait(clock_.SteadyNow(), "w");
  Run();

  EXPECT_EQ(changes_, 2);
}

TEST_F(SourceFeedTest, StopEndsEveryWaitAndStartsNothing) {
  Wait(clock_.SteadyNow(), "running");
  Run();
  clock_.Advance(seconds(1));
  Wait(clock_.SteadyNow(), "queued");
  feed_->Stop();
  Run();
  EXPECT_EQ(ended_.size(), 2U);
  EXPECT_FALSE(feed_->status().failure);

  Wait(clock_.SteadyNow(), "late");
  Run();

  EXPECT_EQ(ended_.size(), 3U);
  EXPECT_EQ(upstream_.requests(), 1);
}

TEST_F(SourceFeedTest, AReadingThatComesUnaskedServesThoseItIsNewEnoughFor) {
  const SteadyTime now = clock_.SteadyNow();
  Wait(now - seconds(2), "takes-two-seconds");
  Wait(now, "wants-a-new-one");
  Run();
  ASSERT_EQ(upstream_.requests(), 1);

  Reading reading = MakeReading("5", clock_.WallNow() - seconds(1), now - seconds(1));
  reading.origin = ReadingOrigin::kSharedCache;
  upstream_.Tell(reading);
  Run();
  EXPECT_EQ(ended_, std::vector<std::string>{"takes-two-seconds:joined"});
  EXPECT_EQ(changes_, 1);
  EXPECT_EQ(feed_->status().reading->origin, ReadingOrigin::kSharedCache);
  EXPECT_EQ(feed_->status().last_attempt, now - seconds(1));

  upstream_.AnswerWith("6");
  Run();
  EXPECT_EQ(ended_.back(), "wants-a-new-one:joined");
  EXPECT_EQ(feed_->status().reading->balances[0].cash->value.ToString(), "6");
}

TEST_F(SourceFeedTest, AReadingThatComesUnaskedAndAsAnAnswerIsToldOnce) {
  Wait(clock_.SteadyNow() + milliseconds(1), "w");
  Run();
  Reading reading = MakeReading("5", clock_.WallNow(), clock_.SteadyNow());
  reading.origin = ReadingOrigin::kSharedCache;
  upstream_.Tell(reading);
  upstream_.MarkShared();
  upstream_.AnswerWith(reading);
  Run();

  EXPECT_EQ(observer_.shared, 1);
}

TEST_F(SourceFeedTest, WhatAnotherReplicaReadIsRefreshedEarlyByThatOne) {
  Wait(clock_.SteadyNow(), "w");
  Run();
  upstream_.AnswerWith("5");
  Run();
  EXPECT_LE(feed_->status().early_refresh_at, clock_.SteadyNow() + seconds(2));

  clock_.Advance(milliseconds(10));
  Reading reading = MakeReading("6", clock_.WallNow(), clock_.SteadyNow());
  reading.origin = ReadingOrigin::kSharedCache;
  upstream_.Tell(reading);

  EXPECT_EQ(feed_->status().early_refresh_at, SteadyTime::max());
}

TEST_F(SourceFeedTest, WhatAReadingThatComesUnaskedHasServedIsNotSent) {
  upstream_.DelayFor(seconds(1));
  Wait(clock_.SteadyNow(), "w");
  Run();

  clock_.Advance(milliseconds(10));
  upstream_.Tell(MakeReading("5", clock_.WallNow(), clock_.SteadyNow()));
  Run();
  clock_.Advance(seconds(2));
  Run();

  EXPECT_EQ(ended_, std::vector<std::string>{"w:joined"});
  EXPECT_EQ(upstream_.requests(), 0);
}

TEST_F(SourceFeedTest, AnOlderReadingThatComesUnaskedChangesNothing) {
  Wait(clock_.SteadyNow(), "w");
  Run();
  upstream_.AnswerWith("6");
  Run();
  const int changes = changes_;

  upstream_.Tell(MakeReading("5", clock_.WallNow() - seconds(1), clock_.SteadyNow() - seconds(1)));
  Run();

  EXPECT_EQ(changes_, changes);
  EXPECT_EQ(feed_->status().reading->balances[0].cash->value.ToString(), "6");
}

TEST_F(SourceFeedTest, AFailureIsNotOverByAReadingFromBeforeIt) {
  Wait(clock_.SteadyNow(), "w");
  Run();
  upstream_.FailWith(ErrorKind::kCredentialsRejected);
  Run();

  upstream_.Tell(MakeReading("5", clock_.WallNow() - seconds(1), clock_.SteadyNow() - seconds(1)));
  EXPECT_TRUE(feed_->status().failure);
  EXPECT_TRUE(feed_->status().is_rejected);
  clock_.Advance(milliseconds(10));
  upstream_.Tell(MakeReading("6", clock_.WallNow(), clock_.SteadyNow()));

  EXPECT_FALSE(feed_->status().failure);
  EXPECT_FALSE(feed_->status().is_rejected);
}

TEST_F(SourceFeedTest, WhatCannotBeBelievedUnaskedIsFetched) {
  upstream_.Tell(std::nullopt);
  Run();

  EXPECT_EQ(upstream_.requests(), 1);
}

TEST_F(SourceFeedTest, WhoJoinedAGrantFromBeforeItsTimeWaitsForTheNext) {
  const Now asked = clock_.Time();
  upstream_.GrantAt(asked.wall - milliseconds(3));
  feed_->Wait({asked.steady, asked.wall}, [this](Waited) { ended_.push_back("strict"); });
  Wait(asked.steady, "other");
  Run();
  upstream_.AnswerWith(MakeReading("5", asked.wall - milliseconds(3), asked.steady));
  Run();
  EXPECT_EQ(ended_, std::vector<std::string>{"other:joined"});

  upstream_.GrantAt(std::nullopt);
  clock_.Advance(milliseconds(500));
  Run();
  ASSERT_EQ(upstream_.requests(), 2);
  upstream_.AnswerWith("6");
  Run();

  EXPECT_EQ(ended_.back(), "strict");
}

TEST_F(SourceFeedTest, AfterTheStopNothingIsHeard) {
  feed_->Stop();

  upstream_.Tell(MakeReading("5", clock_.WallNow(), clock_.SteadyNow()));
  upstream_.Tell(std::nullopt);
  Run();

  EXPECT_FALSE(feed_->status().reading);
  EXPECT_EQ(upstream_.requests(), 0);
}

}  // namespace
}  // namespace balance
