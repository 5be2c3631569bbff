#include "clients/resilience/clock_skew.h"

#include <gtest/gtest.h>

#include "clients/core/random.h"
#include "tests/support/fake_clock.h"

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

  FakeClock clock_;
  ClockSkew skew_{clock_};
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

TEST_F(ClockSkewTest, ItIsCorrectedBeyondASecondAndAHalfPlusTheErrorOfMeasurement) {
  // Half a second for the cut Date, and half of the exchange.
  const Duration took = milliseconds(400);
  const Duration most = milliseconds(1500) + milliseconds(500) + took / 2;
  const WallTime middle = kNow + took / 2;
  const WallTime date = std::chrono::floor<seconds>(kNow) - seconds(100);
  for (const auto& [beyond, is_applied] : {std::pair(Duration(0), false), {Duration(1), true}}) {
    const Duration shift = date + milliseconds(500) - middle - (most + beyond);
    for (const Duration sent : {shift, date + milliseconds(500) - middle + most + beyond}) {
      skew_.Distrust();
      skew_.Observe(date, kNow + sent, kNow + sent + took);

      EXPECT_EQ(skew_.Correction() != Duration(), is_applied) << beyond.count();
    }
  }
}

TEST_F(ClockSkewTest, OnlyTheLatestNineCount) {
  Observe(seconds(45), milliseconds(40), 100);
  Observe(seconds(-45), milliseconds(40), 5);

  EXPECT_LT(skew_.Correction(), seconds(-44));
}

TEST_F(ClockSkewTest, AfterADistrustNothingIsCorrectedButTheLastIsStillTold) {
  Observe(seconds(45), milliseconds(40), 9);
  skew_.Distrust();

  EXPECT_EQ(skew_.Correction(), Duration());
  EXPECT_GT(skew_.Skew(), seconds(44));
}

TEST_F(ClockSkewTest, JustUnderAQuarterOfAnHourIsCorrected) {
  for (const Duration ahead : {Duration(seconds(895)), Duration(seconds(-895))}) {
    Observe(ahead, milliseconds(40), 9);

    EXPECT_NE(skew_.Correction(), Duration());
  }
}

TEST_F(ClockSkewTest, M83_AfterOurClockWasSetTheSkewIsWhatIsLeftOfIt) {
  Observe(seconds(45), milliseconds(40), 9);
  clock_.JumpWall(seconds(45));
  EXPECT_EQ(skew_.Correction(), Duration());
  EXPECT_LT(std::chrono::abs(*skew_.Skew()), seconds(1));

  clock_.JumpWall(seconds(60));
  EXPECT_NEAR(std::chrono::duration<double>(skew_.Correction()).count(), -60, 1);
}

TEST_F(ClockSkewTest, OnAnyNetworkItIsRightToWithinTheErrorOfMeasurement) {
  const std::uint64_t seed = 4711;
  SCOPED_TRACE("seed " + std::to_string(seed));
  const Random random = SeededRandom(seed);
  const FakeClock clock;
  for (int i = 0; i < 500; ++i) {
    const auto ahead = Duration(static_cast<Duration::rep>((random() - 0.5) * 240e9));
    ClockSkew skew(clock);
    for (int n = 0; n < 9; ++n) {
      const WallTime sent = kNow + Duration(static_cast<Duration::rep>(random() * 60e9));
      const auto there = Duration(static_cast<Duration::rep>(random() * 0.9e9));
      const auto back = Duration(static_cast<Duration::rep>(random() * 0.9e9));
      skew.Observe(std::chrono::floor<seconds>(sent + there + ahead), sent, sent + there + back);
    }

    EXPECT_LE(std::chrono::abs(*skew.Skew() - ahead), milliseconds(1400));
    const Duration left = std::chrono::abs(ahead - skew.Correction());
    EXPECT_LE(left, milliseconds(1500 + 1400 + 1400));
  }
}

}  // namespace
}  // namespace balance
