#include "clients/resilience/hold_off.h"

#include <gtest/gtest.h>

#include <vector>

namespace balance {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr Now kBegin{WallTime(std::chrono::hours(500'000)), SteadyTime(std::chrono::hours(1))};

constexpr Now After(Duration passed, Now start = kBegin) {
  return {start.wall + passed, start.steady + passed};
}

// Somebody sets the wall clock.
constexpr Now WithClockSet(Now now, Duration by) { return {now.wall + by, now.steady}; }

Error Rejected(const std::string& message = "rejected") {
  return {ErrorKind::kCredentialsRejected, message};
}

TEST(HoldOffTest, NothingIsForbiddenAtFirst) {
  const HoldOff hold_off(seconds(60), minutes(15));

  EXPECT_FALSE(hold_off.Because(kBegin));
  EXPECT_FALSE(hold_off.HeldUntil(kBegin));
}

TEST(HoldOffTest, EachRejectionInARowDoublesThePauseUpToTheLongest) {
  HoldOff hold_off(seconds(60), minutes(15));
  std::vector<Duration> pauses;
  Now now = kBegin;
  for (int i = 0; i < 100; ++i) {
    hold_off.OnRejected(now, Rejected());
    pauses.push_back(hold_off.Until() - now.steady);
    now = After(pauses.back(), now);
  }

  pauses.resize(6);
  EXPECT_EQ(pauses, (std::vector<Duration>{seconds(60), seconds(120), seconds(240), seconds(480),
                                           minutes(15), minutes(15)}));
  EXPECT_EQ(hold_off.Until() - (now.steady - minutes(15)), minutes(15));
}

TEST(HoldOffTest, ItEndsAtItsEndAndNotBefore) {
  HoldOff hold_off(seconds(60), minutes(15));
  hold_off.OnRejected(kBegin, Rejected());

  EXPECT_TRUE(hold_off.Because(After(seconds(60) - Duration(1))));
  EXPECT_FALSE(hold_off.Because(After(seconds(60))));
  EXPECT_EQ(hold_off.HeldUntil(kBegin), After(seconds(60)).steady);
  EXPECT_FALSE(hold_off.HeldUntil(After(seconds(60))));
}

TEST(HoldOffTest, TheLatestRejectionIsTold) {
  HoldOff hold_off(seconds(60), minutes(15));
  hold_off.OnRejected(kBegin, Rejected("first"));
  hold_off.OnRejected(After(seconds(60)), Rejected("second"));

  EXPECT_EQ(hold_off.Because(After(seconds(61)))->message, "second");
}

TEST(HoldOffTest, ClearEndsThePauseAndItsGrowth) {
  HoldOff hold_off(seconds(60), minutes(15));
  for (int i = 0; i < 5; ++i) hold_off.OnRejected(kBegin, Rejected());
  hold_off.Clear();
  EXPECT_FALSE(hold_off.Because(kBegin));
  EXPECT_FALSE(hold_off.HeldUntil(kBegin));

  hold_off.OnRejected(kBegin, Rejected());

  EXPECT_EQ(hold_off.Until(), After(seconds(60)).steady);
}

TEST(HoldOffTest, WhereFirstIsLongestItDoesNotGrow) {
  HoldOff hold_off(seconds(30), seconds(30));
  for (int i = 0; i < 5; ++i) hold_off.OnRejected(kBegin, Rejected());

  EXPECT_EQ(hold_off.Until(), After(seconds(30)).steady);
}

TEST(HoldOffTest, ARejectionThatWasUnderWayMeanwhileCountsOnce) {
  HoldOff hold_off(seconds(60), minutes(15));
  hold_off.OnRejected(kBegin, Rejected());
  hold_off.OnRejected(After(seconds(1)), Rejected());

  EXPECT_EQ(hold_off.Until(), After(seconds(60)).steady);
}

const Error kTimeRejected{ErrorKind::kClockSkew, "the time was rejected"};

TEST(HoldOffTest, M83_AClockThatIsSetEndsTheHoldOffForARejectedTime) {
  for (const Duration step : {Duration(minutes(-20)), Duration(seconds(-1)), Duration(seconds(1)),
                              Duration(minutes(20))}) {
    HoldOff hold_off(seconds(60), minutes(15));
    for (int i = 0; i < 3; ++i) {
      hold_off.OnRejected(After(minutes(10 * i)), kTimeRejected);
    }
    const Now now = After(minutes(21));
    ASSERT_TRUE(hold_off.Because(now));
    ASSERT_TRUE(hold_off.HeldUntil(now));
    const Now set = WithClockSet(now, step);

    EXPECT_FALSE(hold_off.Because(set)) << step.count();
    EXPECT_FALSE(hold_off.HeldUntil(set)) << step.count();

    // What came before the step does not make the next pause longer.
    hold_off.OnRejected(set, kTimeRejected);
    EXPECT_EQ(hold_off.Until() - set.steady, seconds(60));
    EXPECT_TRUE(hold_off.Because(set));
  }
}

TEST(HoldOffTest, M83_AClockThatIsSlewedOrSetChangesNothingForARejectedKey) {
  HoldOff time(seconds(60), minutes(15));
  HoldOff key(seconds(60), minutes(15));
  time.OnRejected(kBegin, kTimeRejected);
  key.OnRejected(kBegin, Rejected());

  EXPECT_TRUE(time.Because(WithClockSet(After(seconds(10)), seconds(1) - Duration(1))));
  EXPECT_TRUE(key.Because(WithClockSet(After(seconds(10)), minutes(20))));
  EXPECT_TRUE(key.HeldUntil(WithClockSet(After(seconds(10)), minutes(-20))));
}

TEST(HoldOffTest, M83_AReloadEndsTheHoldOffForARejectedTimeOnly) {
  HoldOff time(seconds(60), minutes(15));
  HoldOff key(seconds(60), minutes(15));
  time.OnRejected(kBegin, kTimeRejected);
  key.OnRejected(kBegin, Rejected());
  time.OnReload();
  key.OnReload();

  EXPECT_FALSE(time.Because(kBegin));
  EXPECT_FALSE(time.HeldUntil(kBegin));
  EXPECT_EQ(time.times_forgiven(), 1);
  EXPECT_TRUE(key.Because(kBegin));
  EXPECT_EQ(key.times_forgiven(), 0);
}

}  // namespace
}  // namespace balance
