#include "clients/json/rfc3339.h"

#include <gtest/gtest.h>

#include <string>

namespace balance {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::nanoseconds;
using std::chrono::seconds;

WallTime At(int year, int month, int day, Duration time_of_day) {
  return WallTime(std::chrono::sys_days(std::chrono::year(year) / month / day)) + time_of_day;
}

constexpr Duration kTime = hours(14) + minutes(5) + seconds(22);

TEST(Rfc3339Test, ZeroToNineFractionalDigits) {
  EXPECT_EQ(ParseRfc3339("2026-09-18T14:05:22Z"), At(2026, 9, 18, kTime));
  EXPECT_EQ(ParseRfc3339("2026-09-18T14:05:22.1Z"),
            At(2026, 9, 18, kTime + nanoseconds(100000000)));
  EXPECT_EQ(ParseRfc3339("2026-09-18T14:05:22.118340Z"),
            At(2026, 9, 18, kTime + nanoseconds(118340000)));
  EXPECT_EQ(ParseRfc3339("2026-09-18T14:05:22.123456789Z"),
            At(2026, 9, 18, kTime + nanoseconds(123456789)));
}

TEST(Rfc3339Test, OffsetsAreTakenAway) {
  EXPECT_EQ(ParseRfc3339("2026-09-18T14:05:22+00:00"), At(2026, 9, 18, kTime));
  EXPECT_EQ(ParseRfc3339("2026-09-18T14:05:22+02:30"),
            At(2026, 9, 18, kTime - hours(2) - minutes(30)));
  EXPECT_EQ(ParseRfc3339("2026-12-31T23:30:00-01:00"), At(2027, 1, 1, minutes(30)));
}

TEST(Rfc3339Test, LeapDaysAndSeconds) {
  EXPECT_EQ(ParseRfc3339("2028-02-29T00:00:00Z"), At(2028, 2, 29, Duration(0)));
  EXPECT_FALSE(ParseRfc3339("2026-02-29T00:00:00Z"));
  EXPECT_EQ(ParseRfc3339("2016-12-31T23:59:60Z"), At(2017, 1, 1, Duration(0)));
}

TEST(Rfc3339Test, NothingElseIsATime) {
  for (const std::string text : {"",
                                 "null",
                                 "2026-09-18",
                                 "2026-09-18T14:05Z",
                                 "2026-09-18T14:05:22",
                                 "2026-09-18T14:05:22.Z",
                                 "2026-09-18T14:05:22.1234567890Z",
                                 "2026-13-01T00:00:00Z",
                                 "2026-00-01T00:00:00Z",
                                 "2026-01-00T00:00:00Z",
                                 "2026-01-32T00:00:00Z",
                                 "2026-01-01T24:00:00Z",
                                 "2026-01-01T00:60:00Z",
                                 "2026-01-01T00:00:61Z",
                                 "2026-01-01T00:00:00+2:00",
                                 "2026-01-01T00:00:00+24:00",
                                 "2026-01-01T00:00:00Zx",
                                 " 2026-01-01T00:00:00Z",
                                 "1789740322",
                                 "0001-01-01T00:00:00Z",
                                 "9999-12-31T23:59:59Z",
                                 "-026-01-01T00:00:00Z",
                                 "2026/01/01T00:00:00Z"}) {
    EXPECT_FALSE(ParseRfc3339(text)) << text;
  }
}

}  // namespace
}  // namespace balance
