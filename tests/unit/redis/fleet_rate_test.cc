#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <deque>

#include "clients/core/random.h"
#include "clients/redis/fleet_store.h"

namespace balance {
namespace {

using std::chrono::microseconds;

TEST(FleetRateTest, RedisGivesOutWhatIsNotReserved) {
  const FleetRate whole = FleetRateOf({2, 2}, 0);
  const FleetRate part = FleetRateOf({2, 2}, 0.25);

  EXPECT_NEAR(static_cast<double>(part.interval.count()),
              static_cast<double>(whole.interval.count()) / 0.75, 2);
  EXPECT_EQ(part.tolerance, part.interval);
  EXPECT_EQ(FleetRateOf({2, 1}, 0.25).tolerance, microseconds(0));
}

TEST(FleetRateTest, OfACeilingThatIsNoWholeNumberWholeRequestsAreUsed) {
  EXPECT_EQ(FleetRateOf({1.9, 1}, 0).interval, FleetRateOf({1, 1}, 0).interval);
  EXPECT_EQ(FleetRateOf({0.5, 1}, 0).interval, FleetRateOf({1, 1}, 0.5).interval);
}

TEST(FleetRateTest, TheLowestRateHasAnIntervalToo) {
  EXPECT_GT(FleetRateOf({RateSettings::kLeastPerSecond, 1000}, 0.99).interval, microseconds(0));
}

// Requests are granted for the earliest times that the bucket allows, and each leaves up to
// kSendSlack later.
TEST(FleetRateTest, M18_NoSlidingSecondHoldsMoreThanTheCeilingHoweverLateTheyLeave) {
  constexpr std::uint64_t kSeed = 7;
  Random random = SeededRandom(kSeed);
  for (int round = 0; round < 200; ++round) {
    const RateSettings rate{std::max(1.0, random() * 20), 1 + static_cast<int>(random() * 6)};
    const double reserve = random() < 0.3 ? 0 : random() * 0.9;
    const FleetRate fleet = FleetRateOf(rate, reserve);
    const auto most = static_cast<std::size_t>(std::floor(rate.requests_per_second)) +
                      static_cast<std::size_t>(rate.burst) - 1;
    microseconds next{0};
    microseconds now{0};
    std::deque<microseconds> sent;
    for (int i = 0; i < 300; ++i) {
      if (random() < 0.05) now += microseconds(static_cast<std::int64_t>(random() * 5e6));
      now = std::max(now, next - fleet.tolerance);
      next = std::max(now, next) + fleet.interval;
      const auto slack = std::chrono::duration_cast<microseconds>(kSendSlack);
      sent.push_back(now + microseconds(static_cast<std::int64_t>(
                               random() * static_cast<double>(slack.count()))));
    }
    std::sort(sent.begin(), sent.end());
    for (std::size_t i = 0; i + most < sent.size(); ++i) {
      ASSERT_GE(sent[i + most] - sent[i], std::chrono::seconds(1))
          << rate.requests_per_second << " a second, burst " << rate.burst << ", reserve "
          << reserve << ", seed " << kSeed;
    }
  }
}

}  // namespace
}  // namespace balance
