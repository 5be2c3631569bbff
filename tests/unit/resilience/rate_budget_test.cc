#include "clients/resilience/rate_budget.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <vector>

namespace balance {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr SteadyTime kStart(std::chrono::hours(1));

Error TooMany(std::optional<Duration> retry_after = std::nullopt) {
  return {ErrorKind::kRateLimited, "too many", retry_after};
}

// Sends whenever it may, and returns when that was.
std::vector<SteadyTime> SendAllTheTime(RateBudget& budget, SteadyTime from, Duration time) {
  std::vector<SteadyTime> sent;
  for (SteadyTime now = std::max(from, budget.Earliest()); now < from + time;
       now = std::max(now, budget.Earliest())) {
    budget.Take(now);
    sent.push_back(now);
  }
  return sent;
}

// The most that lie in any half-open second.
int MostInASecond(const std::vector<SteadyTime>& sent) {
  int most = 0;
  for (auto first = sent.begin(); first != sent.end(); ++first) {
    const auto end = std::lower_bound(first, sent.end(), *first + seconds(1));
    most = std::max(most, static_cast<int>(end - first));
  }
  return most;
}

TEST(RateBudgetTest, WithoutABurstRequestsAreEvenlySpacedWithAMargin) {
  RateBudget budget({2, 1});
  const auto sent = SendAllTheTime(budget, kStart, seconds(10));

  EXPECT_EQ(sent.front(), kStart);
  EXPECT_EQ(sent.size(), 18U);
}

TEST(RateBudgetTest, ABurstGoesAtOnceAndIsPaidBack) {
  RateBudget budget({2, 3});
  for (int i = 0; i < 3; ++i) {
    EXPECT_LE(budget.Earliest(), kStart);
    budget.Take(kStart);
  }

  EXPECT_GT(budget.Earliest(), kStart + milliseconds(500));
}

TEST(RateBudgetTest, ThereIsSpareWhileMoreThanHalfOfTheBurstIsLeft) {
  RateBudget budget({2, 4});
  budget.Take(kStart);
  budget.Take(kStart);
  EXPECT_TRUE(budget.HasSpare(kStart));

  budget.Take(kStart);

  EXPECT_FALSE(budget.HasSpare(kStart));
}

TEST(RateBudgetTest, M15_APauseOfUnknownLengthGrowsUpToACap) {
  RateBudget budget({100, 1});
  std::vector<Duration> pauses;
  for (int i = 0; i < 12; ++i) {
    const SteadyTime now = std::max(kStart, budget.blocked_until());
    budget.OnRateLimited(now, TooMany());
    pauses.push_back(budget.blocked_until() - now);
  }

  EXPECT_EQ(pauses[0], seconds(1));
  EXPECT_EQ(pauses[1], seconds(2));
  EXPECT_EQ(pauses[2], seconds(4));
  EXPECT_EQ(pauses.back(), seconds(300));
}

TEST(RateBudgetTest, AGoodAnswerEndsTheGrowth) {
  RateBudget budget({100, 1});
  budget.OnRateLimited(kStart, TooMany());
  budget.OnRateLimited(kStart, TooMany());
  budget.OnSuccess(kStart + seconds(10));
  budget.OnRateLimited(kStart + seconds(10), TooMany());

  EXPECT_EQ(budget.blocked_until(), kStart + seconds(11));
}

TEST(RateBudgetTest, AShorterPauseDoesNotEndALongerOne) {
  RateBudget budget({2, 1});
  budget.OnPause(kStart, {ErrorKind::kUpstreamError, "later", seconds(30)});
  budget.OnRateLimited(kStart, TooMany(seconds(1)));

  EXPECT_EQ(budget.Earliest(), kStart + seconds(30));
  EXPECT_EQ(budget.blocked_by()->message, "later");
}

TEST(RateBudgetTest, M16_A429LowersTheRateAndCleanTimeRaisesItStepByStep) {
  RateBudget budget({10, 1});
  budget.OnRateLimited(kStart, TooMany(seconds(1)));
  EXPECT_DOUBLE_EQ(budget.requests_per_second(), 7);
  budget.OnRateLimited(kStart, TooMany(seconds(1)));
  EXPECT_DOUBLE_EQ(budget.requests_per_second(), 4.9);

  budget.OnSuccess(kStart + seconds(9));
  EXPECT_DOUBLE_EQ(budget.requests_per_second(), 4.9);
  SteadyTime now = kStart;
  for (int i = 0; i < 20; ++i) budget.OnSuccess(now += seconds(10));

  EXPECT_DOUBLE_EQ(budget.requests_per_second(), 10);
}

TEST(RateBudgetTest, M16_TheRateFallsToAFloorAndNeverRisesAboveTheConfiguredOne) {
  RateBudget fast({10, 1});
  RateBudget slow({0.5, 1});
  for (int i = 0; i < 20; ++i) {
    fast.OnRateLimited(kStart, TooMany(seconds(1)));
    slow.OnRateLimited(kStart, TooMany(seconds(1)));
  }

  EXPECT_DOUBLE_EQ(fast.requests_per_second(), 1);
  EXPECT_DOUBLE_EQ(slow.requests_per_second(), 0.5);
}

TEST(RateBudgetTest, StatedLimitsLowerTheRateAndNeverRaiseIt) {
  RateBudget budget({5, 1});
  budget.OnLimits(kStart, {.per_second = 100, .per_minute = 6000, .exhausted_for = {}});
  EXPECT_EQ(MostInASecond(SendAllTheTime(budget, kStart, seconds(10))), 5);
  budget.OnLimits(kStart + seconds(10), {.per_second = 2, .per_minute = 60, .exhausted_for = {}});

  EXPECT_LE(SendAllTheTime(budget, kStart + seconds(10), seconds(60)).size(), 60U);
}

TEST(RateBudgetTest, AnExhaustedLimitDelaysWithoutBlame) {
  RateBudget budget({5, 1});
  budget.OnLimits(kStart, {.per_second = {}, .per_minute = {}, .exhausted_for = seconds(20)});

  EXPECT_EQ(budget.Earliest(), kStart + seconds(20));
  EXPECT_FALSE(budget.blocked_by());
}

// Turns are taken late, as a busy loop does, and limits and pauses come and go.
TEST(RateBudgetPropertyTest, M17_NoSlidingSecondExceedsTheCeiling) {
  EXPECT_TRUE(rc::check([] {
    const int rate = *rc::gen::inRange(1, 30);
    const int burst = *rc::gen::inRange(1, 6);
    const auto steps = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 1000));
    RateBudget budget({static_cast<double>(rate), burst});
    std::vector<SteadyTime> sent;
    SteadyTime now = kStart;
    for (const int step : steps) {
      now = std::max(now, budget.Earliest()) + milliseconds(step % 40);
      budget.Take(now);
      sent.push_back(now);
      if (step % 17 == 0) budget.OnRateLimited(now, TooMany(milliseconds(step)));
      if (step % 13 == 0) budget.OnSuccess(now);
      if (step % 29 == 0) {
        budget.OnLimits(now, {.per_second = step % 7, .per_minute = {}, .exhausted_for = {}});
      }
    }
    RC_ASSERT(MostInASecond(sent) <= rate + burst - 1);
  }));
}

}  // namespace
}  // namespace balance
