#include "clients/resilience/pacer.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <vector>

namespace balance {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr SteadyTime kStart(std::chrono::hours(1));

// The most turns that lie in any half-open second.
int MostInASecond(const std::vector<SteadyTime>& turns) {
  int most = 0;
  for (std::size_t first = 0; first < turns.size(); ++first) {
    const auto end = std::lower_bound(turns.begin(), turns.end(), turns[first] + seconds(1));
    most = std::max(most, static_cast<int>(end - turns.begin()) - static_cast<int>(first));
  }
  return most;
}

TEST(PacerTest, TheFirstRequestGoesAtOnce) {
  Pacer pacer({2, 1});

  EXPECT_EQ(pacer.Take(kStart), kStart);
}

TEST(PacerTest, WithoutABurstRequestsAreEvenlySpaced) {
  Pacer pacer({2, 1});
  pacer.Take(kStart);

  EXPECT_EQ(pacer.Take(kStart), kStart + milliseconds(500));
  EXPECT_EQ(pacer.Take(kStart), kStart + milliseconds(1000));
}

TEST(PacerTest, ABurstGoesAtOnceAndIsPaidBack) {
  Pacer pacer({2, 3});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(pacer.Take(kStart), kStart);

  EXPECT_EQ(pacer.Take(kStart), kStart + milliseconds(500));
}

TEST(PacerTest, AskingForTheTurnTakesNothing) {
  Pacer pacer({1, 1});
  pacer.Take(kStart);

  EXPECT_EQ(pacer.EarliestSend(kStart), kStart + seconds(1));
  EXPECT_EQ(pacer.EarliestSend(kStart), kStart + seconds(1));
}

TEST(PacerTest, IdleTimeSavesUpNoMoreThanTheBurst) {
  Pacer pacer({10, 2});
  pacer.Take(kStart);
  const SteadyTime later = kStart + seconds(60);

  EXPECT_EQ(pacer.Take(later), later);
  EXPECT_EQ(pacer.Take(later), later);
  EXPECT_EQ(pacer.Take(later), later + milliseconds(100));
}

TEST(PacerPropertyTest, NoSlidingSecondExceedsTheCeiling) {
  EXPECT_TRUE(rc::check([] {
    const int rate = *rc::gen::inRange(1, 30);
    const int burst = *rc::gen::inRange(1, 6);
    const auto gaps = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 300));
    Pacer pacer({static_cast<double>(rate), burst});
    std::vector<SteadyTime> turns;
    SteadyTime now = kStart;
    for (const int gap : gaps) {
      now += milliseconds(gap);
      turns.push_back(pacer.Take(now));
      RC_ASSERT(turns.back() >= now);
    }
    RC_ASSERT(std::is_sorted(turns.begin(), turns.end()));
    RC_ASSERT(MostInASecond(turns) <= rate + burst - 1);
  }));
}

}  // namespace
}  // namespace balance
