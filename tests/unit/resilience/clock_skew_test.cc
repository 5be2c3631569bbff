#include "clients/resilience/clock_skew.h"

#include <gtest/gtest.h>

namespace balance {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr WallTime kNow(std::chrono::hours(500'000));

class ClockSkewTest : public testing::Test {
 protected:
  // An answer of an upstream whose clock is `ahead` of ours, `took` after the request.
  void Observe(Duration ahead, Duration took = milliseconds(40), int times = 1) {
    for (int i = 0; i < times; ++i) {
      const WallTime there = kNow + took / 2 + ahead;
      skew_.Observe(std::chrono::floor<seconds>(there), kNow, kNow + took);
    }
  }

  ClockSkew skew_;
};

TEST_F(ClockSkewTest, NothingIsKnownAtFirst) {
  EXPECT_FALSE(skew_.Skew());
  EXPECT_EQ(skew_.Correction(), Duration());
}

TEST_F(ClockSkewTest, WhatTheMeasurementCanExplainIsNotCorrected) {
  Observe(milliseconds(1900));

  EXPECT_TRUE(skew_.Skew());
  EXPECT_EQ(skew_.Correction(), Duration());
}

TEST_F(ClockSkewTest, ALargerDifferenceIsCorrectedEitherWay) {
  for (const Duration ahead : {Duration(seconds(20)), Duration(seconds(-20))}) {
    Observe(ahead, milliseconds(40), 9);

    EXPECT_LE(std::chrono::abs(skew_.Correction() - ahead), milliseconds(600));
    EXPECT_EQ(skew_.Skew(), skew_.Correction());
  }
}

TEST_F(ClockSkewTest, TheMedianIgnoresOddAnswers) {
  Observe(seconds(0), milliseconds(40), 5);
  Observe(seconds(500), milliseconds(40), 4);

  EXPECT_EQ(skew_.Correction(), Duration());
}

TEST_F(ClockSkewTest, ItReturnsToZero) {
  Observe(seconds(45), milliseconds(40), 9);
  Observe(seconds(0), milliseconds(40), 5);

  EXPECT_EQ(skew_.Correction(), Duration());
}

TEST_F(ClockSkewTest, AfterARejectionOnlyNewAnswersCount) {
  Observe(seconds(0), milliseconds(40), 9);
  skew_.Distrust();
  Observe(seconds(45));

  EXPECT_GT(skew_.Correction(), seconds(44));
}

TEST_F(ClockSkewTest, SlowExchangesAndJumpsOfOurClockAreNoSamples) {
  Observe(seconds(45), seconds(2));
  Observe(seconds(45), seconds(-1));

  EXPECT_FALSE(skew_.Skew());
}

TEST_F(ClockSkewTest, ADifferenceThatAPersonMustMendIsNotCorrected) {
  Observe(minutes(16), milliseconds(40), 9);

  EXPECT_GT(*skew_.Skew(), minutes(15));
  EXPECT_EQ(skew_.Correction(), Duration());
}

}  // namespace
}  // namespace balance
