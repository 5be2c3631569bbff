#include "clients/resilience/hold_off.h"

#include <gtest/gtest.h>

#include <vector>

namespace balance {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr SteadyTime kStart(std::chrono::hours(1));

Error Rejected(const std::string& message = "rejected") {
  return {ErrorKind::kCredentialsRejected, message};
}

TEST(HoldOffTest, NothingIsForbiddenAtFirst) {
  const HoldOff hold_off(seconds(60), minutes(15));

  EXPECT_FALSE(hold_off.Because(kStart));
  EXPECT_FALSE(hold_off.until().After(kStart));
}

TEST(HoldOffTest, EachRejectionInARowDoublesThePauseUpToTheLongest) {
  HoldOff hold_off(seconds(60), minutes(15));
  std::vector<Duration> pauses;
  SteadyTime now = kStart;
  for (int i = 0; i < 100; ++i) {
    hold_off.OnRejected(now, Rejected());
    pauses.push_back(hold_off.Until() - now);
    now = hold_off.Until();
  }

  pauses.resize(6);
  EXPECT_EQ(pauses, (std::vector<Duration>{seconds(60), seconds(120), seconds(240), seconds(480),
                                           minutes(15), minutes(15)}));
  EXPECT_EQ(hold_off.Until() - (now - minutes(15)), minutes(15));
}

TEST(HoldOffTest, ItEndsAtItsEndAndNotBefore) {
  HoldOff hold_off(seconds(60), minutes(15));
  hold_off.OnRejected(kStart, Rejected());

  EXPECT_TRUE(hold_off.Because(kStart + seconds(60) - Duration(1)));
  EXPECT_FALSE(hold_off.Because(kStart + seconds(60)));
  EXPECT_EQ(hold_off.until().After(kStart), kStart + seconds(60));
  EXPECT_FALSE(hold_off.until().After(kStart + seconds(60)));
}

TEST(HoldOffTest, TheLatestRejectionIsTold) {
  HoldOff hold_off(seconds(60), minutes(15));
  hold_off.OnRejected(kStart, Rejected("first"));
  hold_off.OnRejected(kStart + seconds(60), Rejected("second"));

  EXPECT_EQ(hold_off.Because(kStart + seconds(61))->message, "second");
}

TEST(HoldOffTest, ClearEndsThePauseAndItsGrowth) {
  HoldOff hold_off(seconds(60), minutes(15));
  for (int i = 0; i < 5; ++i) hold_off.OnRejected(kStart, Rejected());
  hold_off.Clear();
  EXPECT_FALSE(hold_off.Because(kStart));
  EXPECT_FALSE(hold_off.until().After(kStart));

  hold_off.OnRejected(kStart, Rejected());

  EXPECT_EQ(hold_off.Until(), kStart + seconds(60));
}

TEST(HoldOffTest, WhereFirstIsLongestItDoesNotGrow) {
  HoldOff hold_off(seconds(30), seconds(30));
  for (int i = 0; i < 5; ++i) hold_off.OnRejected(kStart, Rejected());

  EXPECT_EQ(hold_off.Until(), kStart + seconds(30));
}

TEST(HoldOffTest, ARejectionThatWasUnderWayMeanwhileCountsOnce) {
  HoldOff hold_off(seconds(60), minutes(15));
  hold_off.OnRejected(kStart, Rejected());
  hold_off.OnRejected(kStart + seconds(1), Rejected());

  EXPECT_EQ(hold_off.Until(), kStart + seconds(60));
}

}  // namespace
}  // namespace balance
