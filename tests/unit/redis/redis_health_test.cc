#include "clients/redis/redis_health.h"

#include <gtest/gtest.h>

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

  health_.OnProbeSuccess();
  EXPECT_TRUE(health_.Admits());
  FailAt(seconds(3));

  EXPECT_FALSE(health_.Admits());
  EXPECT_EQ(health_.times_opened(), 2U);
}

TEST_F(RedisHealthTest, LongAfterItTakesThreeAgain) {
  for (int i = 0; i < 3; ++i) FailAt(seconds(i));
  health_.OnProbeSuccess();

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
