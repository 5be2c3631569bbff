#include "clients/redis/redis_health.h"

#include <gtest/gtest.h>

#include <vector>

namespace balance {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class RedisHealthTest : public testing::Test {
 protected:
  RedisHealthTest() { health_.OnConnected(); }

  void FailAt(Duration when) {
    health_.OnFailure(kStart + when, {RedisErrorKind::kTimedOut, "it hangs"});
  }
  void ProbeAt(Duration when) { health_.OnProbeSuccess(kStart + when); }

  static constexpr SteadyTime kStart{seconds(1000)};
  double chance_ = 0.5;
  RedisHealth health_{[this] { return chance_; }};
};

TEST_F(RedisHealthTest, ThreeFailuresInTenSecondsOpenIt) {
  FailAt(seconds(0));
  FailAt(seconds(5));
  EXPECT_TRUE(health_.Admits());

  FailAt(seconds(10));

  EXPECT_FALSE(health_.Admits());
  EXPECT_TRUE(health_.is_open());
  EXPECT_EQ(health_.times_opened(), 1U);
  EXPECT_EQ(health_.failures(RedisErrorKind::kTimedOut), 3U);
}

TEST_F(RedisHealthTest, FailuresFurtherApartDoNot) {
  for (int i = 0; i < 20; ++i) FailAt(milliseconds(5001) * i);

  EXPECT_TRUE(health_.Admits());
}

TEST_F(RedisHealthTest, AGoodProbeClosesItAndTheNextFailureOpensItAgain) {
  for (int i = 0; i < 3; ++i) FailAt(seconds(i));

  ProbeAt(seconds(3));
  EXPECT_TRUE(health_.Admits());
  FailAt(seconds(3));

  EXPECT_FALSE(health_.Admits());
  EXPECT_EQ(health_.times_opened(), 2U);
}

TEST_F(RedisHealthTest, EachTrialThatFailsKeepsItOpenForTwiceAsLong) {
  for (int i = 0; i < 3; ++i) FailAt(seconds(0));
  Duration now{0};
  std::vector<Duration> pauses;

  while (pauses.size() < 5) {
    const Duration opened = now;
    while (!health_.Admits()) ProbeAt(now += milliseconds(100));
    pauses.push_back(now - opened);
    FailAt(now);
    EXPECT_EQ(health_.reason()->message, "it hangs");
  }

  EXPECT_EQ(pauses, (std::vector<Duration>{milliseconds(100), seconds(2), seconds(4), seconds(4),
                                           seconds(4)}));
}

TEST_F(RedisHealthTest, M185_ARedisThatAnswersProbesAloneCostsFewOperations) {
  int failed = 0;

  for (Duration now{0}; now < seconds(60); now += milliseconds(100)) {
    if (now % seconds(1) == Duration(0)) ProbeAt(now);
    if (!health_.Admits()) continue;
    FailAt(now);
    ++failed;
  }

  EXPECT_LE(failed, 3 + 1 + 1 + 60 / 4);
}

// Of those under way at once, one after another is told.
TEST_F(RedisHealthTest, WhatFailsWhileItIsOpenIsNoTrial) {
  for (int i = 0; i < 3; ++i) FailAt(seconds(0));
  ProbeAt(seconds(1));
  for (int i = 0; i < 100; ++i) FailAt(seconds(1));

  ProbeAt(seconds(3));

  EXPECT_TRUE(health_.Admits());
}

TEST_F(RedisHealthTest, AnOperationThatGoesWellEndsTheTrial) {
  for (int i = 0; i < 3; ++i) FailAt(seconds(0));
  ProbeAt(seconds(1));
  FailAt(seconds(1));
  ProbeAt(seconds(3));
  ASSERT_TRUE(health_.Admits());

  health_.OnSuccess();
  FailAt(seconds(12));
  EXPECT_TRUE(health_.Admits());
  for (int i = 0; i < 2; ++i) FailAt(seconds(12));
  EXPECT_FALSE(health_.Admits());
  ProbeAt(seconds(12));

  EXPECT_TRUE(health_.Admits());
}

TEST_F(RedisHealthTest, AnAnswerThatComesWhenItHasOpenedIsNoTrialEither) {
  for (int i = 0; i < 3; ++i) FailAt(seconds(0));
  ProbeAt(seconds(1));
  FailAt(seconds(1));

  health_.OnSuccess();
  ProbeAt(seconds(2));

  EXPECT_FALSE(health_.Admits());
}

TEST_F(RedisHealthTest, LongAfterItTakesThreeAgain) {
  for (int i = 0; i < 3; ++i) FailAt(seconds(i));
  ProbeAt(seconds(3));

  FailAt(seconds(60));
  FailAt(seconds(61));
  EXPECT_TRUE(health_.Admits());
  FailAt(seconds(62));

  EXPECT_FALSE(health_.Admits());
}

TEST_F(RedisHealthTest, WithoutAConnectionNothingIsAdmitted) {
  health_.OnDisconnected();

  EXPECT_FALSE(health_.Admits());
  EXPECT_FALSE(health_.is_open());
}

TEST_F(RedisHealthTest, TheReasonLastsUntilSomethingGoesWell) {
  FailAt(seconds(0));
  ASSERT_TRUE(health_.reason());
  EXPECT_EQ(health_.reason()->kind, RedisErrorKind::kTimedOut);

  health_.OnSuccess();

  EXPECT_FALSE(health_.reason());
}

TEST_F(RedisHealthTest, ProbesAreASecondApartGiveOrTakeAFifth) {
  chance_ = 0;
  EXPECT_EQ(health_.NextProbe(), milliseconds(800));
  chance_ = 0.5;
  EXPECT_EQ(health_.NextProbe(), seconds(1));
  chance_ = 1;
  EXPECT_EQ(health_.NextProbe(), milliseconds(1200));
}

}  // namespace
}  // namespace balance
