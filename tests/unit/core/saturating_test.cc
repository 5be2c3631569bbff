#include "clients/core/saturating.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

namespace balance {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();
constexpr Duration kCenturies = hours(24 * 365 * 250);
constexpr SteadyTime kUptime{hours(1000)};

TEST(SaturatingTest, M103_WhatFitsIsExact) {
  EXPECT_EQ(SaturatingDuration(2, 5), seconds(2) + Duration(5));
  EXPECT_EQ(SaturatingDuration(-2, -5), -(seconds(2) + Duration(5)));
  EXPECT_EQ(SaturatingAdd(kUptime, hours(1)), kUptime + hours(1));
  EXPECT_EQ(SaturatingSubtract(kUptime, hours(1)), kUptime - hours(1));
  EXPECT_EQ(SaturatingDifference(kUptime, kUptime + hours(1)), -hours(1));
}

TEST(SaturatingTest, M103_WhatDoesNotFitIsTheFarthest) {
  EXPECT_EQ(SaturatingDuration(kMost, 999'999'999), Duration::max());
  EXPECT_EQ(SaturatingDuration(9'223'372'037, 0), Duration::max());
  EXPECT_EQ(SaturatingDuration(kLeast, -999'999'999), Duration::min());
  EXPECT_EQ(SaturatingAdd(kUptime, Duration::max()), SteadyTime::max());
  EXPECT_EQ(SaturatingAdd(SteadyTime(-hours(1)), Duration::min()), SteadyTime::min());
  EXPECT_EQ(SaturatingSubtract(SteadyTime(-hours(1)), Duration::max()), SteadyTime::min());
  EXPECT_EQ(SaturatingSubtract(kUptime, Duration::min()), SteadyTime::max());
}

TEST(SaturatingTest, M103_FarApartTimesAreAsFarApartAsCanBeTold) {
  const WallTime late{kCenturies};
  const WallTime early{-kCenturies};

  EXPECT_EQ(SaturatingDifference(late, early), Duration::max());
  EXPECT_EQ(SaturatingDifference(early, late), Duration::min());
}

}  // namespace
}  // namespace balance
