#include "clients/balancectl/time_text.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

namespace balance::ctl {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using Seconds = std::chrono::seconds;

google::protobuf::Timestamp At(std::int64_t seconds, std::int32_t nanos = 0) {
  google::protobuf::Timestamp time;
  time.set_seconds(seconds);
  time.set_nanos(nanos);
  return time;
}

TEST(TimeTextTest, ParsesWholeAndDecimalDurations) {
  EXPECT_EQ(ParseDuration("2s"), Seconds(2));
  EXPECT_EQ(ParseDuration("500ms"), milliseconds(500));
  EXPECT_EQ(ParseDuration("1m"), Seconds(60));
  EXPECT_EQ(ParseDuration("10000h"), std::chrono::hours(10000));
  EXPECT_EQ(ParseDuration("0.5s"), milliseconds(500));
  EXPECT_EQ(ParseDuration("0s"), nanoseconds(0));
  EXPECT_EQ(ParseDuration("0.000000001s"), nanoseconds(1));
  EXPECT_EQ(ParseDuration("1.5m"), Seconds(90));
}

TEST(TimeTextTest, RefusesWhatIsNoDuration) {
  for (const char* text :
       {"", "s", "2", "-1s", "+1s", "1 s", " 1s", "1s ", "1.s", ".5s", "1S", "1d", "1m30s", "1e3s",
        "0.0000000001s", "10001h", "999999999999999999s", "9223372036854775808ms"}) {
    EXPECT_EQ(ParseDuration(text), std::nullopt) << text;
  }
}

TEST(TimeTextTest, ElapsedTimeIsFineFirstAndCoarseLater) {
  EXPECT_EQ(FormatElapsed(nanoseconds(0)), "0.0s");
  EXPECT_EQ(FormatElapsed(milliseconds(1299)), "1.2s");
  EXPECT_EQ(FormatElapsed(milliseconds(9999)), "9.9s");
  EXPECT_EQ(FormatElapsed(Seconds(10)), "10s");
  EXPECT_EQ(FormatElapsed(Seconds(60)), "1m");
  EXPECT_EQ(FormatElapsed(Seconds(200)), "3m 20s");
  EXPECT_EQ(FormatElapsed(Seconds(7500)), "2h 5m");
  EXPECT_EQ(FormatElapsed(Seconds(86400 * 3 + 3600 * 4)), "3d 4h");
  EXPECT_EQ(FormatElapsed(milliseconds(-250)), "-0.2s");
}

TEST(TimeTextTest, SettingsAreNotRounded) {
  EXPECT_EQ(FormatSetting(Seconds(2)), "2s");
  EXPECT_EQ(FormatSetting(milliseconds(500)), "0.5s");
  EXPECT_EQ(FormatSetting(milliseconds(1250)), "1.25s");
  EXPECT_EQ(FormatSetting(milliseconds(1005)), "1.005s");
  EXPECT_EQ(FormatSetting(Seconds(90)), "90s");
}

TEST(TimeTextTest, AgesLookBackAndAhead) {
  const WallTime now = ToWallTime(At(1000, 500'000'000));

  EXPECT_EQ(FormatAgo(At(999, 300'000'000), now), "1.2s ago");
  EXPECT_EQ(FormatAgo(At(1000, 550'000'000), now), "0.0s ago");
  EXPECT_EQ(FormatAgo(At(1003), now), "in 2.5s");
  EXPECT_EQ(FormatLeft(At(1003), now), "2.5s");
  EXPECT_EQ(FormatLeft(At(1000), now), "");
}

TEST(TimeTextTest, UtcHasNoFraction) {
  EXPECT_EQ(FormatUtc(At(1767323045, 999'999'999)), "2026-01-02T03:04:05Z");
}

TEST(TimeTextTest, AbsurdTimesAreHeldInRange) {
  constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
  constexpr auto kLeast = std::numeric_limits<std::int64_t>::min();

  EXPECT_FALSE(FormatAgo(At(kMost), ToWallTime(At(kLeast))).empty());
  EXPECT_FALSE(FormatAgo(At(kLeast), ToWallTime(At(kMost))).empty());
  EXPECT_FALSE(FormatLeft(At(kMost), ToWallTime(At(kLeast))).empty());
  EXPECT_FALSE(FormatUtc(At(kMost)).empty());
  EXPECT_FALSE(FormatElapsed(nanoseconds::min()).empty());
}

}  // namespace
}  // namespace balance::ctl
