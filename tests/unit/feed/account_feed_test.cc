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
  void OnAccountChange(const std::vector<SourceStatus>& sources) override {
    ++changes;
    latest = sources;
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
    account_ = std::make_unique<AccountFeed>(loop_.get_executor(), clock_, observer_, sink_,
                                             std::move(specs));
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

  const SourceView& Real() { return answer_.sources[0]; }
  const SourceView& Paper() { return answer_.sources[1]; }

  boost::asio::io_context loop_;
  FakeClock clock_;
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
  EXPECT_TRUE(answer_.gave_up[0]);
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
  EXPECT_EQ(Real().failure->error.retry_after, milliseconds(400));
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

TEST_F(AccountFeedTest, StopAnswersWhoStillWaits) {
  Read();
  account_->Stop();
  Run();

  EXPECT_EQ(answers_, 1);
}

}  // namespace
}  // namespace balance
