#include "clients/resilience/paced_source.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include "tests/support/fetching.h"

namespace balance {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// One request a second, less the margin.
class PacedSourceTest : public FetchingTest {
 protected:
  std::shared_ptr<Pacer> pacer_ =
      std::make_shared<Pacer>(loop_.get_executor(), clock_, RateSettings{1, 1});
  PacedSource source_{upstream_.MakeSource(), pacer_, clock_};
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

TEST_F(PacedSourceTest, AReplacedPacerCountsFromTheNextRequestOn) {
  Fetch(source_);
  upstream_.FailWith({ErrorKind::kRateLimited, "slow down", seconds(7)});
  Run();
  source_.ReplacePacer(std::make_shared<Pacer>(loop_.get_executor(), clock_, RateSettings{1, 1}));

  Fetch(source_);

  EXPECT_EQ(upstream_.requests(), 2);
}

}  // namespace
}  // namespace balance
