#include "service/feed/account_feed.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <optional>
#include <vector>

#include "tests/support/fake_clock.h"
#include "tests/support/fake_source.h"
#include "tests/support/null_observer.h"

namespace balance {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class RecordingSink final : public AccountSink {
 public:
  std::int64_t OnAccountChange(const std::vector<SourceStatus>& sources) override {
    ++changes;
    latest = sources;
    return changes;
  }

  int changes = 0;
  std::vector<SourceStatus> latest;
};

// Two sources, "real" and "paper".
class AccountFeedTest : public testing::Test {
 protected:
  AccountFeedTest() {
    std::vector<AccountFeed::SourceSpec> specs;
    specs.push_back(Spec("real", real_));
    specs.push_back(Spec("paper", paper_));
    account_ = std::make_unique<AccountFeed>(loop_.get_executor(), clock_, schedule_, observer_,
                                             sink_, std::move(specs));
  }

  ~AccountFeedTest() override {
    account_->Stop();
    Run();
  }

  static AccountFeed::SourceSpec Spec(const std::string& id, FakeUpstream& upstream) {
    auto info = std::make_shared<SourceInfo>();
    info->account = "desk-1";
    info->source = id;
    info->cache = {seconds(2), seconds(5), seconds(60), milliseconds(500)};
    return {{info, seconds(5)}, upstream.MakeSource()};
  }

  void Run() {
    loop_.restart();
    loop_.poll();
  }

  AccountFeed::ReadId Read(ReadBounds bounds = {}, Duration patience = seconds(10)) {
    AccountRead read{bounds, {true, true}, clock_.SteadyNow() + patience};
    const auto id = account_->Read(std::move(read), [this](AccountAnswer answer) {
      ++answers_;
      answer_ = std::move(answer);
    });
    Run();
    return id;
  }

  // Both sources read, with an answer that took so long.
  void Warm(Duration took = {}) {
    Read();
    clock_.Advance(took);
    real_.AnswerWith("10.00");
    paper_.AnswerWith("20.00");
    Run();
  }

  const SourceView& Real() { return answer_.sources[0]; }
  const SourceView& Paper() { return answer_.sources[1]; }

  boost::asio::io_context loop_;
  FakeClock clock_;
  LoopHeartbeat heartbeat_{loop_.get_executor(), clock_};
  AnswerSchedule schedule_{loop_.get_executor(), clock_, heartbeat_};
  FakeUpstream real_{clock_};
  FakeUpstream paper_{clock_};
  NullObserver observer_;
  RecordingSink sink_;
  std::unique_ptr<AccountFeed> account_;
  int answers_ = 0;
  AccountAnswer answer_;
};

TEST_F(AccountFeedTest, ColdReadFetchesBothSourcesAtOnce) {
  Read();
  EXPECT_EQ(answers_, 0);
  real_.AnswerWith("10.00");
  paper_.AnswerWith("20.00");
  Run();

  ASSERT_EQ(answers_, 1);
  EXPECT_EQ(Real().state, SourceState::kFresh);
  EXPECT_EQ(Real().outcome, Outcome::kFetched);
  EXPECT_EQ(Paper().state, SourceState::kFresh);
}

TEST_F(AccountFeedTest, WarmReadAnswersBeforeItReturns) {
  Read();
  real_.AnswerWith("10.00");
  paper_.AnswerWith("20.00");
  Run();
  account_->Read({{}, {true, true}, SteadyTime::max()}, [this](AccountAnswer) { ++answers_; });

  EXPECT_EQ(answers_, 2);
  EXPECT_EQ(real_.requests(), 1);
}

TEST_F(AccountFeedTest, AFailingSourceHidesNothingOfTheOther) {
  Read();
  real_.FailWith(ErrorKind::kUnreachable);
  paper_.AnswerWith("20.00");
  Run();

  ASSERT_EQ(answers_, 1);
  EXPECT_EQ(Real().state, SourceState::kNoData);
  EXPECT_EQ(Real().failure->error.kind, ErrorKind::kUnreachable);
  EXPECT_EQ(Paper().state, SourceState::kFresh);
}

TEST_F(AccountFeedTest, ASlowSourceDoesNotCostTheOthersFigure) {
  Read({}, milliseconds(200));
  paper_.AnswerWith("20.00");
  Run();
  EXPECT_EQ(answers_, 0);
  clock_.Advance(milliseconds(200));
  Run();

  ASSERT_EQ(answers_, 1);
  EXPECT_EQ(Real().state, SourceState::kNoData);
  EXPECT_EQ(answer_.waited[0].how, Waited::kGaveUp);
  EXPECT_EQ(Real().failure->error.kind, ErrorKind::kUnreachable);
  EXPECT_EQ(Real().failure->consecutive_failures, 0);
  EXPECT_EQ(Paper().state, SourceState::kFresh);
}

TEST_F(AccountFeedTest, TheRefreshThatACallerLeftGoesOnAndServesTheNext) {
  Read({}, milliseconds(200));
  paper_.AnswerWith("20.00");
  clock_.Advance(milliseconds(200));
  Run();
  real_.AnswerWith("10.00");
  Run();
  Read();

  EXPECT_EQ(answers_, 2);
  EXPECT_EQ(real_.requests(), 1);
  EXPECT_EQ(Real().state, SourceState::kFresh);
}

TEST_F(AccountFeedTest, ACancelledReadIsNeverAnswered) {
  const auto id = Read();
  account_->Cancel(id);
  real_.AnswerWith("10.00");
  paper_.AnswerWith("20.00");
  Run();

  EXPECT_EQ(answers_, 0);
  EXPECT_TRUE(sink_.latest[0].reading);
}

TEST_F(AccountFeedTest, AnUnwantedSourceIsNotRead) {
  account_->Read({{}, {false, true}, SteadyTime::max()},
                 [this](AccountAnswer answer) { answer_ = std::move(answer); });
  Run();
  paper_.AnswerWith("20.00");
  Run();

  EXPECT_EQ(real_.requests(), 0);
  EXPECT_EQ(Real().state, SourceState::kNotRequested);
  EXPECT_EQ(Paper().state, SourceState::kFresh);
}

TEST_F(AccountFeedTest, ABoundThatCannotBeMetInTimeIsRefusedAtOnce) {
  Read();
  real_.AnswerWith("10.00");
  paper_.AnswerWith("20.00");
  Run();
  clock_.Advance(milliseconds(100));
  Read({.max_age = Duration::zero(), .max_stale = Duration::zero()}, milliseconds(300));

  ASSERT_EQ(answers_, 2);
  EXPECT_EQ(Real().failure->error.kind, ErrorKind::kFreshnessUnsatisfied);
  EXPECT_EQ(Real().retry_after, milliseconds(400));
  EXPECT_EQ(real_.requests(), 1);
}

TEST_F(AccountFeedTest, AZeroMaxAgeWaitsItsTurnIfTheDeadlineAllows) {
  Read();
  real_.AnswerWith("10.00");
  paper_.AnswerWith("20.00");
  Run();
  clock_.Advance(milliseconds(100));
  Read({.max_age = Duration::zero()}, seconds(1));
  EXPECT_EQ(answers_, 1);
  clock_.Advance(milliseconds(400));
  Run();
  real_.AnswerWith("11.00");
  paper_.AnswerWith("21.00");
  Run();

  ASSERT_EQ(answers_, 2);
  EXPECT_EQ(Real().state, SourceState::kFresh);
  EXPECT_EQ(Real().outcome, Outcome::kFetched);
  EXPECT_EQ(Real().reading->balances.front().cash->value.ToString(), "11.00");
}

TEST_F(AccountFeedTest, OnlyIfCachedNeverFetches) {
  Read({.only_if_cached = true});

  ASSERT_EQ(answers_, 1);
  EXPECT_EQ(Real().state, SourceState::kNoData);
  EXPECT_EQ(real_.requests() + paper_.requests(), 0);
}

TEST_F(AccountFeedTest, StaleWithinTheWindowIsAnsweredAndRefreshedOnce) {
  Read();
  real_.AnswerWith("10.00");
  paper_.AnswerWith("20.00");
  Run();
  clock_.Advance(seconds(3));
  Read();
  Read();

  EXPECT_EQ(answers_, 3);
  EXPECT_EQ(Real().outcome, Outcome::kStaleRevalidating);
  EXPECT_EQ(real_.requests(), 2);
}

TEST_F(AccountFeedTest, StatesThatAgeArePublishedWithoutAnyReader) {
  Read();
  real_.AnswerWith("10.00");
  paper_.AnswerWith("20.00");
  Run();
  const int before = sink_.changes;
  clock_.Advance(seconds(2));
  Run();
  EXPECT_EQ(sink_.changes, before);

  clock_.Advance(Duration(1));
  Run();

  EXPECT_GT(sink_.changes, before);
}

TEST_F(AccountFeedTest, PastTheRevalidationWindowAStaleReadingIsSettledForAfterAWhile) {
  Warm();
  clock_.Advance(seconds(8));
  Read();
  paper_.AnswerWith("21.00");
  Run();
  EXPECT_EQ(answers_, 1);
  clock_.Advance(kStalePatience);
  Run();

  ASSERT_EQ(answers_, 2);
  EXPECT_EQ(Real().state, SourceState::kStale);
  EXPECT_EQ(Real().outcome, Outcome::kStaleRevalidating);
  EXPECT_EQ(Paper().outcome, Outcome::kFetched);
  real_.AnswerWith("11.00");
  Run();
  EXPECT_EQ(sink_.latest[0].reading->balances.front().cash->value.ToString(), "11.00");
}

TEST_F(AccountFeedTest, M115_ARefreshThatIsTooOldForTheReaderIsFollowedByAnother) {
  Warm();
  clock_.Advance(milliseconds(2500));
  Read();
  ASSERT_EQ(real_.requests(), 2);
  clock_.Advance(milliseconds(2100));
  Read();
  EXPECT_EQ(Real().outcome, Outcome::kStaleRevalidating);
  EXPECT_EQ(real_.requests(), 2);
  real_.AnswerWith("11.00");
  Run();

  EXPECT_EQ(real_.requests(), 3);
}

TEST_F(AccountFeedTest, M115_ARefreshThatIsNewEnoughForTheReaderIsFollowedByNone) {
  Warm();
  clock_.Advance(milliseconds(2500));
  Read();
  clock_.Advance(milliseconds(1900));
  Read();
  real_.AnswerWith("11.00");
  Run();

  EXPECT_EQ(real_.requests(), 2);
}

TEST_F(AccountFeedTest, M115_WhoSettlesForAStaleReadingStillHasANewerOneFetched) {
  Warm();
  clock_.Advance(seconds(8));
  Read();
  clock_.Advance(milliseconds(2100));
  Read();
  clock_.Advance(kStalePatience);
  Run();
  ASSERT_EQ(answers_, 3);
  EXPECT_EQ(Real().state, SourceState::kStale);
  real_.AnswerWith("11.00");
  Run();

  EXPECT_EQ(real_.requests(), 3);
}

TEST_F(AccountFeedTest, AnExplicitBoundSettlesForNothingBeforeTheDeadline) {
  Warm();
  clock_.Advance(seconds(8));
  Read({.max_age = seconds(1)}, seconds(3));
  clock_.Advance(kStalePatience);
  Run();
  EXPECT_EQ(answers_, 1);

  clock_.Advance(seconds(3));
  Run();

  ASSERT_EQ(answers_, 2);
  EXPECT_EQ(Real().state, SourceState::kStale);
  EXPECT_FALSE(Real().meets_bounds);
  EXPECT_EQ(answer_.waited[0].how, Waited::kGaveUp);
}

TEST_F(AccountFeedTest, ACallerWhoTakesNothingStaleWaitsWhereOthersAreAnsweredAtOnce) {
  Warm();
  clock_.Advance(seconds(3));
  Read({.max_stale = Duration::zero()});
  EXPECT_EQ(answers_, 1);
  real_.AnswerWith("11.00");
  paper_.AnswerWith("21.00");
  Run();

  ASSERT_EQ(answers_, 2);
  EXPECT_EQ(Real().state, SourceState::kFresh);
}

TEST_F(AccountFeedTest, EachSourceIsShownAsItIsAtTheMomentOfTheAnswer) {
  Read();
  paper_.AnswerWith("20.00");
  Run();
  clock_.Advance(seconds(3));
  real_.AnswerWith("10.00");
  Run();

  ASSERT_EQ(answers_, 1);
  EXPECT_EQ(Paper().state, SourceState::kStale);
}

TEST_F(AccountFeedTest, TheRevisionIsThatOfTheContentShown) {
  Warm();

  EXPECT_EQ(answer_.revision, sink_.changes);
}

TEST_F(AccountFeedTest, AReadingMuchReadIsRefreshedBeforeItsTtlEnds) {
  Warm(milliseconds(100));
  clock_.Advance(milliseconds(1900));
  account_->RefreshEarly();
  Run();

  // How early is random: the odds that no source was due are one in e squared.
  const int early = real_.requests() + paper_.requests() - 2;
  for (const SourceStatus& status : sink_.latest) {
    EXPECT_LE(status.early_refresh_at, status.reading->observe_steady + seconds(2));
  }
  account_->RefreshEarly();
  Run();
  EXPECT_EQ(real_.requests() + paper_.requests() - 2, early);
}

TEST_F(AccountFeedTest, NoEarlyRefreshTakesTheTurnOfThoseWhoWait) {
  Warm(milliseconds(100));
  real_.SetSpare(false);
  paper_.SetSpare(false);
  clock_.Advance(milliseconds(1999));
  account_->RefreshEarly();
  Run();

  EXPECT_EQ(real_.requests() + paper_.requests(), 2);
}

TEST_F(AccountFeedTest, WhatIsForbiddenForNowIsRefusedWithoutWaiting) {
  Warm();
  clock_.Advance(seconds(8));
  real_.RefuseFor(seconds(30), ErrorKind::kRateLimited);
  paper_.RefuseFor(seconds(30), ErrorKind::kCredentialsRejected);
  Read({.max_age = Duration::zero()});

  ASSERT_EQ(answers_, 2);
  EXPECT_EQ(Real().outcome, Outcome::kStaleOnError);
  EXPECT_EQ(Real().failure->error.kind, ErrorKind::kRateLimited);
  EXPECT_EQ(Real().retry_after, seconds(30));
  EXPECT_EQ(Real().failure->consecutive_failures, 0);
  EXPECT_EQ(Paper().state, SourceState::kNoData);
  EXPECT_EQ(real_.requests() + paper_.requests(), 2);
}

TEST_F(AccountFeedTest, TheDelayUntilTheNextAttemptCountsDown) {
  Read();
  real_.FailWith({ErrorKind::kRateLimited, "slow down", seconds(60)});
  paper_.AnswerWith("20.00");
  Run();
  EXPECT_EQ(Real().retry_after, seconds(60));
  EXPECT_EQ(Real().failure->next_attempt_time, clock_.WallNow() + seconds(60));

  clock_.Advance(seconds(59));
  Read({.only_if_cached = true});

  EXPECT_EQ(Real().failure->error.kind, ErrorKind::kRateLimited);
  EXPECT_EQ(Real().retry_after, seconds(1));
}

TEST_F(AccountFeedTest, WhoIsRefusedAfterAFailureIsToldWhenARefreshCouldBeSent) {
  Read();
  real_.FailWith(ErrorKind::kUnreachable);
  paper_.AnswerWith("20.00");
  Run();
  clock_.Advance(milliseconds(100));
  real_.DelayFor(seconds(3));
  Read({.max_age = Duration::zero()}, milliseconds(300));

  EXPECT_EQ(answer_.waited[0].how, Waited::kRefused);
  EXPECT_EQ(Real().failure->error.kind, ErrorKind::kUnreachable);
  EXPECT_EQ(Real().retry_after, seconds(3));
}

TEST_F(AccountFeedTest, WhereNoRetryHelpsNoDelayIsTold) {
  Read();
  real_.FailWith({ErrorKind::kCredentialsRejected, "no", seconds(60)});
  paper_.AnswerWith("20.00");
  Run();

  EXPECT_FALSE(Real().retry_after);
  EXPECT_FALSE(Paper().retry_after);
}

TEST_F(AccountFeedTest, StopAnswersWhoStillWaits) {
  Read();
  account_->Stop();
  Run();

  ASSERT_EQ(answers_, 1);
  // Nothing has been answered that could be too old.
  EXPECT_EQ(Real().state, SourceState::kNoData);
  EXPECT_FALSE(Real().failure) << Real().failure->error.message;
  EXPECT_FALSE(Real().is_refreshed_in_vain);
}

TEST_F(AccountFeedTest, StopShowsWhatThereIsToWhoWaitsForSomethingNewer) {
  Warm();
  clock_.Advance(seconds(5));
  Read({.max_age = Duration::zero()});

  account_->Stop();
  Run();

  ASSERT_EQ(answers_, 2);
  EXPECT_EQ(Real().state, SourceState::kStale);
  ASSERT_TRUE(Real().reading);
  EXPECT_EQ(Real().outcome, Outcome::kHit);
  EXPECT_FALSE(Real().failure) << Real().failure->error.message;
  EXPECT_FALSE(Real().is_refreshed_in_vain);
}

}  // namespace
}  // namespace balance
