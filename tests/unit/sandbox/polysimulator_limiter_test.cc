#include "tests/sandbox/polysimulator_limiter.h"

#include <gtest/gtest.h>

namespace balance::sandbox {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr TierLimits kLimits{2, 5};
// The beginning of a minute.
constexpr WallTime kMinute{seconds(1'789'740'300)};

TEST(PolysimulatorLimiterTest, SecondIsAFixedWindow) {
  PolysimulatorLimiter limiter;
  const WallTime late = kMinute + milliseconds(990);

  EXPECT_TRUE(limiter.Take("k", kLimits, late).allowed);
  EXPECT_TRUE(limiter.Take("k", kLimits, late).allowed);
  const LimitVerdict refused = limiter.Take("k", kLimits, late);
  // Twice the limit within 20 ms: the price of fixed windows.
  EXPECT_TRUE(limiter.Take("k", kLimits, late + milliseconds(20)).allowed);
  EXPECT_TRUE(limiter.Take("k", kLimits, late + milliseconds(20)).allowed);

  EXPECT_FALSE(refused.allowed);
  EXPECT_EQ(refused.retry_after, 1);
}

TEST(PolysimulatorLimiterTest, MinuteRunsOutToo) {
  PolysimulatorLimiter limiter;
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(limiter.Take("k", kLimits, kMinute + seconds(i)).allowed);
  }

  const LimitVerdict refused = limiter.Take("k", kLimits, kMinute + seconds(10));
  const LimitVerdict next_minute = limiter.Take("k", kLimits, kMinute + seconds(60));

  EXPECT_FALSE(refused.allowed);
  EXPECT_EQ(refused.retry_after, 50);
  EXPECT_EQ(refused.reset_epoch_seconds, 1'789'740'360);
  EXPECT_TRUE(next_minute.allowed);
  EXPECT_EQ(next_minute.remaining_minute, 4);
  EXPECT_EQ(next_minute.remaining_second, 1);
}

TEST(PolysimulatorLimiterTest, KeysAreApart) {
  PolysimulatorLimiter limiter;
  for (int i = 0; i < 3; ++i) limiter.Take("a", kLimits, kMinute);

  EXPECT_TRUE(limiter.Take("b", kLimits, kMinute).allowed);
}

}  // namespace
}  // namespace balance::sandbox
