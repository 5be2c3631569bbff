// `not_before` in all the ways in which a read can be answered: from what is known, by a refresh
// that it joins, by one of its own, later.

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "service/feed/account_feed.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_source.h"
#include "tests/support/null_observer.h"

namespace balance {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

class StatusSink final : public AccountSink {
 public:
  std::int64_t OnAccountChange(const std::vector<SourceStatus>& sources) override {
    latest = sources;
    return ++changes;
  }

  int changes = 0;
  std::vector<SourceStatus> latest;
};

// An account with one source whose requests are answered by hand.
class NotBeforeTest : public testing::Test {
 protected:
  NotBeforeTest() {
    auto info = std::make_shared<SourceInfo>();
    info->cache = {seconds(20), seconds(5), seconds(60), milliseconds(500)};
    std::vector<AccountFeed::SourceSpec> specs(1);
    specs.front().options.info = info;
    specs.front().options.refresh_budget = seconds(5);
    specs.front().source = upstream_.MakeSource();
    account_ = std::make_unique<AccountFeed>(loop_.get_executor(), clock_, schedule_, observer_,
                                             sink_, std::move(specs));
  }

  ~NotBeforeTest() override {
    account_->Stop();
    Run();
  }

  void Run() {
    loop_.restart();
    loop_.poll();
  }

  void Advance(Duration by) {
    clock_.Advance(by);
    Run();
  }

  AccountFeed::ReadId Read(ReadBounds bounds, Duration patience = seconds(10)) {
    const auto id =
        account_->Read({bounds, {true}, clock_.SteadyNow() + patience},
                       [this](AccountAnswer answer) { answers_.push_back(std::move(answer)); });
    Run();
    return id;
  }

  // The source in the only answer, which is then forgotten.
  SourceView Answer() {
    EXPECT_EQ(answers_.size(), 1U);
    if (answers_.empty()) return {};
    const SourceView view = answers_.front().sources.front();
    answers_.clear();
    return view;
  }

  std::string Figure() {
    const SourceView view = Answer();
    return view.reading ? view.reading->balances.front().cash->value.ToString() : "none";
  }

  WallTime Fetch(const std::string& cash) {
    Read({.max_age = Duration::zero()});
    upstream_.AnswerWith(cash);
    Run();
    return Answer().reading->observe_time;
  }

  boost::asio::io_context loop_;
  FakeClock clock_;
  LoopHeartbeat heartbeat_{loop_.get_executor(), clock_};
  AnswerSchedule schedule_{loop_.get_executor(), clock_, heartbeat_};
  FakeUpstream upstream_{clock_};
  NullObserver observer_;
  StatusSink sink_;
  std::vector<AccountAnswer> answers_;
  std::unique_ptr<AccountFeed> account_;
};

TEST_F(NotBeforeTest, M104_TheTimeOfAReadingIsMetByItHoweverTheClocksAreRead) {
  for (const Duration sent_gap : {microseconds(0), microseconds(3), microseconds(900)}) {
    for (const Duration asked_gap : {microseconds(0), microseconds(2), microseconds(5000)}) {
      clock_.SetReadGap(sent_gap);
      const WallTime shown = Fetch("5");
      Advance(seconds(1));
      clock_.SetReadGap(asked_gap);
      const int requests = upstream_.requests();

      Read({.not_before = shown});

      EXPECT_EQ(Figure(), "5");
      EXPECT_EQ(upstream_.requests(), requests);
    }
  }
}

TEST_F(NotBeforeTest, M104_ARefreshUnderWayIsJoinedForTheTimeAtWhichItWasSent) {
  clock_.SetReadGap(microseconds(0));
  Read({});
  const WallTime sent = clock_.WallNow();
  Advance(milliseconds(1));
  clock_.SetReadGap(microseconds(900));

  Read({.not_before = sent - milliseconds(0)});
  Read({.not_before = sent + Duration(1)});
  upstream_.AnswerWith("5");
  Run();

  EXPECT_EQ(answers_.size(), 2U);
  answers_.clear();
  Advance(milliseconds(500));
  upstream_.AnswerWith("6");
  Run();
  EXPECT_EQ(Figure(), "6");
}

TEST_F(NotBeforeTest, M104_ATimeJustAfterAReadingIsNotMetByIt) {
  const WallTime shown = Fetch("5");
  Advance(seconds(1));

  Read({.not_before = shown + Duration(1)});
  upstream_.AnswerWith("6");
  Run();

  EXPECT_EQ(Figure(), "6");
}

TEST_F(NotBeforeTest, M105_AfterTheClockWasSetBackAnOlderReadingIsNotTakenForANewer) {
  Fetch("5");
  clock_.JumpWall(-hours(1));
  Advance(seconds(1));
  const WallTime fill = clock_.WallNow();
  Advance(seconds(1));

  Read({.not_before = fill});
  ASSERT_TRUE(upstream_.IsWaiting());
  upstream_.AnswerWith("6");
  Run();

  EXPECT_EQ(Figure(), "6");
}

TEST_F(NotBeforeTest, M105_AfterTheClockWasSetForwardAnOlderReadingIsNotTakenForANewer) {
  Fetch("5");
  clock_.JumpWall(hours(1));
  Advance(seconds(1));

  Read({.not_before = clock_.WallNow() - seconds(1)});
  ASSERT_TRUE(upstream_.IsWaiting());
  upstream_.AnswerWith("6");
  Run();

  EXPECT_EQ(Figure(), "6");
}

TEST_F(NotBeforeTest, M105_AClockThatIsSetForwardLeavesWhatWasShownEqualToItself) {
  const WallTime shown = Fetch("5");
  clock_.JumpWall(hours(1));
  Advance(seconds(1));

  Read({.not_before = shown});

  EXPECT_EQ(Figure(), "5");
}

TEST_F(NotBeforeTest, M105_AClockThatIsSetBackDuringARefreshCostsOneAnswerAndNoFurtherRequest) {
  Advance(seconds(1));
  const WallTime fill = clock_.WallNow();
  upstream_.DelayFor(seconds(1));
  Read({.not_before = fill});
  clock_.JumpWall(-hours(1));
  Advance(seconds(1));
  upstream_.AnswerWith("5");
  Run();

  const SourceView view = Answer();
  EXPECT_EQ(view.state, SourceState::kNoData);
  Advance(seconds(10));
  EXPECT_EQ(upstream_.requests(), 1);
}

TEST_F(NotBeforeTest, M102_ATimeAheadIsWaitedForAndTheRequestIsSentAfterIt) {
  Fetch("5");
  Advance(seconds(1));
  const WallTime fill = clock_.WallNow() + seconds(3);

  Read({.not_before = fill});
  Advance(seconds(3) - milliseconds(1));
  EXPECT_TRUE(answers_.empty());
  EXPECT_EQ(upstream_.requests(), 1);
  Advance(milliseconds(1));
  ASSERT_TRUE(upstream_.IsWaiting());
  upstream_.AnswerWith("6");
  Run();

  const SourceView view = Answer();
  ASSERT_TRUE(view.reading);
  EXPECT_GE(view.reading->observe_time, fill);
  EXPECT_EQ(view.state, SourceState::kFresh);
  EXPECT_TRUE(view.meets_bounds);
}

TEST_F(NotBeforeTest, M102_ARefreshThatIsSentBeforeThatTimeDoesNotServeIt) {
  const WallTime fill = clock_.WallNow() + seconds(3);
  Read({.not_before = fill});
  Advance(seconds(1));
  Read({.max_age = Duration::zero()});
  upstream_.AnswerWith("early");
  Run();
  EXPECT_EQ(Answer().reading->observe_time, fill - seconds(2));
  // Sent before, and still under way when the time has come.
  Advance(seconds(1));
  Read({.max_age = Duration::zero()});
  Advance(seconds(1));
  upstream_.AnswerWith("still early");
  Run();
  Answer();
  Advance(milliseconds(500));
  upstream_.AnswerWith("6");
  Run();

  const SourceView view = Answer();
  EXPECT_GE(view.reading->observe_time, fill);
}

TEST_F(NotBeforeTest, M102_PastTheCallersDeadlineItIsRefusedAtOnceWithTheTimeToWait) {
  Read({.not_before = clock_.WallNow() + seconds(3)}, seconds(2));

  const SourceView view = Answer();
  EXPECT_EQ(view.state, SourceState::kNoData);
  ASSERT_TRUE(view.failure);
  EXPECT_EQ(view.failure->error.kind, ErrorKind::kFreshnessUnsatisfied);
  EXPECT_EQ(view.retry_after, seconds(3));
  Advance(seconds(10));
  EXPECT_EQ(upstream_.requests(), 0);
}

TEST_F(NotBeforeTest, M102_OnlyIfCachedWaitsForNothing) {
  Fetch("5");

  Read({.only_if_cached = true, .not_before = clock_.WallNow() + seconds(3)});

  EXPECT_EQ(Answer().state, SourceState::kNoData);
}

TEST_F(NotBeforeTest, M102_WhoLeavesWhileItWaitsIsForgotten) {
  const auto id = Read({.not_before = clock_.WallNow() + seconds(3)});

  account_->Cancel(id);
  Advance(seconds(5));

  EXPECT_TRUE(answers_.empty());
  EXPECT_EQ(upstream_.requests(), 0);
  EXPECT_EQ(clock_.sleepers(), 0U);
}

TEST_F(NotBeforeTest, M102_AStopAnswersWhoWaits) {
  Read({.not_before = clock_.WallNow() + seconds(3)});

  account_->Stop();
  Run();

  EXPECT_EQ(Answer().state, SourceState::kNoData);
  EXPECT_EQ(clock_.sleepers(), 0U);
}

TEST_F(NotBeforeTest, M102_WhoComesAfterAStopIsAnsweredAtOnce) {
  account_->Stop();
  Run();

  Read({.not_before = clock_.WallNow() + seconds(3)});

  EXPECT_EQ(Answer().state, SourceState::kNoData);
  EXPECT_EQ(clock_.sleepers(), 0U);
}

TEST_F(NotBeforeTest, M105_AClockThatIsSetBackALittleWhileSomeoneWaitsMakesTheWaitLonger) {
  const WallTime fill = clock_.WallNow() + seconds(3);
  Read({.not_before = fill});
  clock_.JumpWall(-seconds(2));
  Advance(seconds(3));
  EXPECT_FALSE(upstream_.IsWaiting());
  Advance(seconds(2));
  ASSERT_TRUE(upstream_.IsWaiting());
  upstream_.AnswerWith("6");
  Run();

  EXPECT_GE(Answer().reading->observe_time, fill);
}

TEST_F(NotBeforeTest, M105_AClockThatIsSetBackFarWhileSomeoneWaitsEndsTheWait) {
  Read({.not_before = clock_.WallNow() + seconds(3)}, hours(20));
  clock_.JumpWall(-hours(1));
  Advance(seconds(3));

  EXPECT_EQ(Answer().failure->error.kind, ErrorKind::kFreshnessUnsatisfied);
}

}  // namespace
}  // namespace balance
