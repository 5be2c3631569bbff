#include "service/config/duration_text.h"

#include <gtest/gtest.h>

namespace balance {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

TEST(DurationTextTest, AcceptsSecondsWithTheUnit) {
  for (const char* text : {"2s", "0s", "0.5s", "-2s", "00.000000001s", "99999999999s"}) {
    EXPECT_TRUE(IsDurationText(text)) << text;
  }
}

TEST(DurationTextTest, RefusesEverythingElse) {
  for (const char* text : {"", "s", "2", "2 s", "2m", "500ms", "2S", ".5s", "5.s", "1e3s", "+2s",
                           "--2s", "0.0000000001s", "100000000000s", "2s ", "0x2s"}) {
    EXPECT_FALSE(IsDurationText(text)) << text;
  }
}

TEST(DurationTextTest, RemedyAddsTheUnitWhereOnlyThatIsMissing) {
  EXPECT_EQ(DurationRemedy("7"), "write it with a unit, such as 7s");
  EXPECT_EQ(DurationRemedy("500ms"), "write it in seconds, such as 2s or 0.5s");
}

TEST(DurationTextTest, PrintsTheShortestText) {
  EXPECT_EQ(PrintDuration(seconds(2)), "2s");
  EXPECT_EQ(PrintDuration(milliseconds(500)), "0.5s");
  EXPECT_EQ(PrintDuration(milliseconds(-1250)), "-1.25s");
  EXPECT_EQ(PrintDuration(nanoseconds(1)), "0.000000001s");
  EXPECT_EQ(PrintDuration(Duration::min()), "-9223372036.854775808s");
}

}  // namespace
}  // namespace balance
