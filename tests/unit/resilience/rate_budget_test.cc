#include "clients/resilience/rate_budget.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "clients/core/random.h"

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

// The most that lie in any half-open stretch of that length.
int MostIn(Duration length, const std::vector<SteadyTime>& sent) {
  int most = 0;
  for (auto first = sent.begin(); first != sent.end(); ++first) {
    const auto end = std::lower_bound(first, sent.end(), *first + length);
    most = std::max(most, static_cast<int>(end - first));
  }
  return most;
}

int MostInASecond(const std::vector<SteadyTime>& sent) { return MostIn(seconds(1), sent); }

// Below one request a second, the time in which there may be one.
Duration Window(double rate) {
  return rate < 1 ? Duration(static_cast<Duration::rep>(1e9 / rate)) : Duration(seconds(1));
}

int Ceiling(double rate, int burst) {
  return static_cast<int>(std::floor(std::max(rate, 1.0))) + burst - 1;
}

TEST(RateBudgetTest, WithoutABurstRequestsAreEvenlySpacedWithAMargin) {
  RateBudget budget({2, 1});
  const auto sent = SendAllTheTime(budget, kStart, seconds(10));

  EXPECT_EQ(sent.front(), kStart);
  EXPECT_EQ(sent.size(), 18U);
}

TEST(RateBudgetTest, OnceFullAgainItIsLikeANewOne) {
  RateBudget budget({0.5, 3});
  EXPECT_LE(budget.FullAt(), kStart);
  for (int i = 0; i < 3; ++i) budget.Take(kStart);

  const SteadyTime full = budget.FullAt();
  RateBudget untouched({0.5, 3});

  EXPECT_GT(full, budget.Earliest());
  EXPECT_EQ(SendAllTheTime(budget, full, seconds(60)),
            SendAllTheTime(untouched, full, seconds(60)));
}

TEST(RateBudgetTest, APauseIsPartOfWhatItRemembers) {
  RateBudget budget({2, 2});
  budget.OnPause(kStart, TooMany(seconds(90)));

  EXPECT_EQ(budget.FullAt(), kStart + seconds(90));
}

TEST(RateBudgetTest, M17_AFractionOfARequestFitsIntoNoSecond) {
  for (const double rate : {0.2, 0.9, 1.2, 1.5, 1.99, 2.5, 3.5, 9.9, 10.5}) {
    for (const int burst : {1, 2, 5}) {
      RateBudget budget({rate, burst});
      const auto sent = SendAllTheTime(budget, kStart, seconds(60));

      EXPECT_LE(MostIn(Window(rate), sent), Ceiling(rate, burst)) << rate << " burst " << burst;
    }
  }
}

TEST(RateBudgetTest, ABurstGoesAtOnceAndIsPaidBack) {
  RateBudget budget({2, 3});
  for (int i = 0; i < 3; ++i) {
    EXPECT_LE(budget.Earliest(), kStart);
    budget.Take(kStart);
  }

  EXPECT_GT(budget.Earliest(), kStart + milliseconds(500));
}

TEST(RateBudgetTest, ALongRestEarnsNoMoreThanTheBurst) {
  RateBudget budget({2, 3});
  SendAllTheTime(budget, kStart, seconds(10));
  const SteadyTime later = kStart + std::chrono::hours(5);

  EXPECT_EQ(SendAllTheTime(budget, later, milliseconds(1)).size(), 3U);
}

TEST(RateBudgetTest, ThereIsSpareWhileMoreThanHalfOfTheBurstIsLeft) {
  RateBudget budget({2, 4});
  budget.Take(kStart);
  EXPECT_TRUE(budget.HasSpare(kStart));

  budget.Take(kStart);

  EXPECT_FALSE(budget.HasSpare(kStart));
}

TEST(RateBudgetTest, M13_APauseThatIsAskedForIsTakenAsItIs) {
  RateBudget budget({100, 2});
  budget.OnRateLimited(kStart, TooMany(seconds(7)));

  EXPECT_EQ(budget.blocked_until(), kStart + seconds(7));
  EXPECT_EQ(budget.Earliest(), kStart + seconds(7));
  EXPECT_EQ(budget.blocked_by()->message, "too many");
}

TEST(RateBudgetTest, A503WithoutAPauseChangesNothing) {
  RateBudget budget({100, 1});
  budget.OnPause(kStart, {ErrorKind::kUpstreamError, "broken"});

  EXPECT_LE(budget.Earliest(), kStart);
  EXPECT_DOUBLE_EQ(budget.requests_per_second(), 100);
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

TEST(RateBudgetTest, M16_ThoseSentBeforeThePauseCountAsOne) {
  RateBudget budget({10, 1});
  budget.OnRateLimited(kStart, TooMany());
  for (int i = 1; i < 10; ++i) budget.OnRateLimited(kStart + milliseconds(i), TooMany());

  EXPECT_DOUBLE_EQ(budget.requests_per_second(), 7);
  EXPECT_EQ(budget.blocked_until(), kStart + seconds(1));

  budget.OnRateLimited(kStart + milliseconds(20), TooMany(seconds(7)));

  EXPECT_DOUBLE_EQ(budget.requests_per_second(), 7);
  EXPECT_EQ(budget.blocked_until(), kStart + milliseconds(20) + seconds(7));

  budget.OnRateLimited(budget.blocked_until(), TooMany());

  EXPECT_DOUBLE_EQ(budget.requests_per_second(), 4.9);
}

TEST(RateBudgetTest, AGoodAnswerEndsTheGrowth) {
  RateBudget budget({100, 1});
  budget.OnRateLimited(kStart, TooMany());
  budget.OnRateLimited(kStart + seconds(1), TooMany());
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

// A 429 that was said to another request, some time ago.
Error CachedTooMany(std::optional<Duration> retry_after = std::nullopt) {
  Error error = TooMany(retry_after);
  error.is_out_of_cache = true;
  return error;
}

TEST(RateBudgetTest, M101_A429OutOfACacheOnlyPausesForWhatIsLeftOfItsRetryAfter) {
  RateBudget budget({10, 1});
  budget.OnRateLimited(kStart, CachedTooMany());
  EXPECT_LE(budget.blocked_until(), kStart);
  EXPECT_EQ(budget.requests_per_second(), 10);

  budget.OnRateLimited(kStart, CachedTooMany(seconds(15)));
  EXPECT_EQ(budget.blocked_until(), kStart + seconds(15));
  EXPECT_EQ(budget.requests_per_second(), 10);
}

// Nor does it make the next real one's pause longer, or pass for a part of the same excess.
TEST(RateBudgetTest, M101_A429OutOfACacheLeavesThePauseOfTheNextRealOneAsItWouldBe) {
  RateBudget budget({10, 1});
  for (int i = 0; i < 5; ++i) budget.OnRateLimited(kStart, CachedTooMany(seconds(1)));
  const SteadyTime later = kStart + milliseconds(500);
  budget.OnRateLimited(later, TooMany());

  EXPECT_EQ(budget.blocked_until(), later + seconds(1));
  EXPECT_EQ(budget.requests_per_second(), 7);
}

TEST(RateBudgetTest, M16_A429LowersTheRateAndCleanTimeRaisesItStepByStep) {
  RateBudget budget({10, 1});
  budget.OnRateLimited(kStart, TooMany(seconds(1)));
  EXPECT_DOUBLE_EQ(budget.requests_per_second(), 7);
  budget.OnRateLimited(kStart + seconds(1), TooMany(seconds(1)));
  EXPECT_DOUBLE_EQ(budget.requests_per_second(), 4.9);

  budget.OnSuccess(kStart + seconds(10));
  EXPECT_DOUBLE_EQ(budget.requests_per_second(), 4.9);
  SteadyTime now = kStart + seconds(1);
  for (int i = 0; i < 20; ++i) budget.OnSuccess(now += seconds(10));

  EXPECT_DOUBLE_EQ(budget.requests_per_second(), 10);
}

TEST(RateBudgetTest, M16_EachCleanTenSecondsAddHalfARequestASecond) {
  RateBudget budget({10, 1});
  budget.OnRateLimited(kStart, TooMany(seconds(1)));
  for (int i = 1; i <= 100; ++i) budget.OnSuccess(kStart + seconds(1) * i / 4);
  EXPECT_DOUBLE_EQ(budget.requests_per_second(), 8);

  budget.OnSuccess(kStart + seconds(30));
  EXPECT_DOUBLE_EQ(budget.requests_per_second(), 8.5);
  budget.OnRateLimited(kStart + seconds(35), TooMany(seconds(1)));
  budget.OnSuccess(kStart + seconds(44));

  EXPECT_DOUBLE_EQ(budget.requests_per_second(), 8.5 * 0.7);
}

TEST(RateBudgetTest, M16_AFallenRateGrantsNoBurstAnew) {
  RateBudget budget({20, 6});
  const auto before = SendAllTheTime(budget, kStart, milliseconds(950));
  const SteadyTime now = kStart + milliseconds(950);
  // It may ask for a pause of no length.
  for (int i = 0; i < 20; ++i) budget.OnRateLimited(now, TooMany(seconds(0)));

  EXPECT_LE(SendAllTheTime(budget, now, milliseconds(49)).size(), 1U);
}

TEST(RateBudgetTest, M16_TheRateFallsToAFloorAndNeverRisesAboveTheConfiguredOne) {
  RateBudget fast({10, 1});
  RateBudget slow({0.5, 1});
  for (int i = 0; i < 20; ++i) {
    fast.OnRateLimited(kStart + seconds(i), TooMany(seconds(1)));
    slow.OnRateLimited(kStart + seconds(i), TooMany(seconds(1)));
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

TEST(RateBudgetTest, AStatedSecondIsNeverExceeded) {
  for (const int stated : {1, 2, 5, 9, 10, 11, 20, 50}) {
    RateBudget budget({200, 5});
    budget.OnLimits(kStart, {.per_second = stated, .per_minute = {}, .exhausted_for = {}});

    EXPECT_LE(MostInASecond(SendAllTheTime(budget, kStart, seconds(5))), stated);
  }
}

TEST(RateBudgetTest, AStatedMinuteIsNeverExceeded) {
  for (const int stated : {2, 5, 10, 60, 300}) {
    RateBudget budget({200, 5});
    budget.OnLimits(kStart, {.per_second = {}, .per_minute = stated, .exhausted_for = {}});

    EXPECT_LE(SendAllTheTime(budget, kStart, seconds(60)).size(), static_cast<std::size_t>(stated));
  }
}

TEST(RateBudgetTest, AStatedLimitThatFallsHoldsAtOnce) {
  RateBudget budget({200, 5});
  budget.OnLimits(kStart, {.per_second = 100, .per_minute = {}, .exhausted_for = {}});
  budget.OnLimits(kStart, {.per_second = 2, .per_minute = {}, .exhausted_for = {}});

  EXPECT_LE(MostInASecond(SendAllTheTime(budget, kStart, seconds(10))), 2);
}

TEST(RateBudgetTest, LimitsThatAreNoNumberAreIgnored) {
  RateBudget budget({5, 1});
  for (const double limit : {0.0, -3.0, std::nan(""), HUGE_VAL}) {
    budget.OnLimits(kStart, {.per_second = limit, .per_minute = limit, .exhausted_for = {}});
  }

  EXPECT_EQ(MostInASecond(SendAllTheTime(budget, kStart, seconds(10))), 5);
}

TEST(RateBudgetTest, AnExhaustedLimitDelaysWithoutBlame) {
  RateBudget budget({5, 1});
  budget.OnLimits(kStart, {.per_second = {}, .per_minute = {}, .exhausted_for = seconds(20)});

  EXPECT_EQ(budget.Earliest(), kStart + seconds(20));
  EXPECT_FALSE(budget.blocked_by());
}

// Turns are taken late, as a busy loop does, and limits and pauses come and go.
TEST(RateBudgetTest, M81_ARateBeyondAllBoundsIsACeilingToo) {
  for (const double rate : {1e-300, 1e-12, 1e-9, RateSettings::kLeastPerSecond}) {
    RateBudget budget({rate, RateSettings::kMostBurst});
    for (int i = 0; i < RateSettings::kMostBurst; ++i) budget.Take(kStart);
    EXPECT_GT(budget.Earliest(), kStart + std::chrono::hours(2)) << rate;
    EXPECT_LT(budget.Earliest(), kStart + std::chrono::hours(4)) << rate;
  }
  for (const double stated : {1e-300, 1e-12, 1e300}) {
    RateBudget budget({RateSettings::kMostPerSecond, 1});
    budget.OnLimits(kStart, {.per_second = stated, .per_minute = stated, .exhausted_for = {}});
    budget.Take(kStart);
    EXPECT_GE(budget.Earliest(), kStart + milliseconds(1)) << stated;
    EXPECT_LT(budget.Earliest(), kStart + std::chrono::hours(4)) << stated;
  }
}

TEST(RateBudgetPropertyTest, M17_NoSlidingSecondExceedsTheCeiling) {
  EXPECT_TRUE(rc::check([] {
    // Whole rates and such as 1.2 alike.
    const int tenths = *rc::gen::inRange(1, 400);
    const double rate = *rc::gen::arbitrary<bool>() ? tenths / 10.0 : std::ceil(tenths / 10.0);
    const int burst = *rc::gen::inRange(1, 8);
    const auto seed = *rc::gen::arbitrary<std::uint64_t>();
    RC_LOG() << "rate " << rate << " burst " << burst << " seed " << seed << '\n';
    const Random random = SeededRandom(seed);
    RateBudget budget({rate, burst});
    std::vector<SteadyTime> sent;
    SteadyTime now = kStart;
    for (int i = 0; i < 200; ++i) {
      now = std::max(now, budget.Earliest());
      if (random() < 0.5) now += Duration(static_cast<Duration::rep>(random() * 4e7));
      if (random() < 0.02) now += seconds(20);
      budget.Take(now);
      sent.push_back(now);
      const double what = random();
      if (what < 0.05) {
        budget.OnRateLimited(now, TooMany(seconds(static_cast<int>(random() * 3))));
      } else if (what < 0.07) {
        budget.OnRateLimited(now, TooMany());
      } else if (what < 0.1) {
        budget.OnLimits(now, {.per_second = random() * 50,
                              .per_minute = random() * 3000,
                              .exhausted_for = milliseconds(random() < 0.1 ? 1000 : 0)});
      } else {
        budget.OnSuccess(now);
      }
    }
    RC_ASSERT(MostIn(Window(rate), sent) <= Ceiling(rate, burst));
  }));
}

// Once an upstream has stated a limit, it holds, whatever was stated before.
TEST(RateBudgetPropertyTest, M17_NoSlidingSecondExceedsTheStatedLimit) {
  EXPECT_TRUE(rc::check([] {
    const auto stated =
        *rc::gen::nonEmpty(rc::gen::container<std::vector<int>>(rc::gen::inRange(10, 1000)));
    const auto seed = *rc::gen::arbitrary<std::uint64_t>();
    RC_LOG() << "seed " << seed << '\n';
    const Random random = SeededRandom(seed);
    RateBudget budget({200, 5});
    SteadyTime now = kStart;
    for (const int tenths : stated) {
      const double limit = random() < 0.5 ? tenths / 10.0 : std::floor(tenths / 10.0);
      budget.OnLimits(now, {.per_second = limit, .per_minute = {}, .exhausted_for = {}});
      std::vector<SteadyTime> sent;
      const SteadyTime end = now + milliseconds(static_cast<int>(random() * 3000));
      for (now = std::max(now, budget.Earliest()); now < end;
           now = std::max(now, budget.Earliest())) {
        budget.Take(now);
        sent.push_back(now);
        if (random() < 0.3) now += Duration(static_cast<Duration::rep>(random() * 4e7));
      }
      RC_ASSERT(MostInASecond(sent) <= std::floor(limit));
    }
  }));
}

TEST(RateBudgetTest, ANewRateStartsWithoutABurst) {
  RateBudget budget({10, 1});
  auto sent = SendAllTheTime(budget, kStart, seconds(2));
  const SteadyTime changed = kStart + seconds(2);

  budget.Configure(changed, {3, 3});
  const auto later = SendAllTheTime(budget, changed, seconds(5));
  EXPECT_GE(later.front(), changed + milliseconds(333));
  sent.insert(sent.end(), later.begin(), later.end());

  EXPECT_LE(MostInASecond(sent), 10);
  EXPECT_LE(MostInASecond(later), 3 + 3 - 1);
}

TEST(RateBudgetTest, TheSameRateAgainChangesNothing) {
  RateBudget budget({2, 3});
  budget.Take(kStart);

  budget.Configure(kStart, {2, 3});

  EXPECT_LE(budget.Earliest(), kStart);
}

TEST(RateBudgetTest, ARateThatA429LoweredStaysLowUnderANewConfiguration) {
  RateBudget budget({10, 1});
  budget.OnRateLimited(kStart, TooMany());

  budget.Configure(kStart, {20, 1});

  EXPECT_EQ(budget.requests_per_second(), 7);
}

}  // namespace
}  // namespace balance
