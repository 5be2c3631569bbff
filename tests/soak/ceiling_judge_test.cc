#include "tests/soak/ceiling_judge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

namespace balance {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

WallTime At(milliseconds time) { return WallTime(seconds(1'800'000'000) + time); }

class CeilingJudgeTest : public testing::Test {
 protected:
  // So many requests, one every `every`.
  void Send(int requests, milliseconds every) {
    for (int i = 0; i < requests; ++i) judge_.Add(At(now_ += every));
  }

  // Five in any second.
  CeilingJudge judge_{4, 2, 3};
  milliseconds now_{0};
};

TEST_F(CeilingJudgeTest, AsManyAsTheBudgetAllowsAreNotTooMany) {
  Send(5, milliseconds(0));
  now_ += seconds(1);
  Send(5, milliseconds(1));

  EXPECT_THAT(judge_.Judge({}), IsEmpty());
  EXPECT_EQ(judge_.MostInACalmSecond({}), 5);
}

TEST_F(CeilingJudgeTest, OneMoreInASecondIsTooMany) {
  Send(6, milliseconds(100));

  EXPECT_THAT(judge_.Judge({}), ElementsAre(HasSubstr("6 requests in 1 s where 5 are allowed")));
}

TEST_F(CeilingJudgeTest, TheRateHoldsOverTenSecondsToo) {
  // Never more than five in a second, but five in each.
  Send(50, milliseconds(200));

  EXPECT_THAT(judge_.Judge({}), SizeIs(50 - 41));
}

TEST_F(CeilingJudgeTest, EachReplicaThatIsCutOffMaySendOneMore) {
  Send(7, milliseconds(100));

  EXPECT_THAT(judge_.Judge({{At(milliseconds(300)), At(milliseconds(400)), 2}}), IsEmpty());
  EXPECT_THAT(judge_.Judge({{At(milliseconds(300)), At(milliseconds(400)), 1}}), SizeIs(1));
  // It ended before the seconds with too many began.
  EXPECT_THAT(judge_.Judge({{At(seconds(-9)), At(seconds(-8)), 3}}), SizeIs(2));
}

TEST_F(CeilingJudgeTest, AReplicaCutOffTwiceAtATimeCountsOnce) {
  Send(9, milliseconds(10));
  const CutOff all{At(milliseconds(0)), At(milliseconds(90)), 3};

  EXPECT_THAT(judge_.Judge({all, all}), SizeIs(1));
  EXPECT_EQ(judge_.MostInACalmSecond({all}), 0);
}

}  // namespace
}  // namespace balance
