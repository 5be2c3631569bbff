#include "clients/core/time_text.h"

#include <gtest/gtest.h>

namespace balance {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

TEST(UtcTextTest, WritesWhatRfc3339Reads) {
  EXPECT_EQ(UtcText(WallTime()), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(UtcText(WallTime(milliseconds(1'789'740'322'118))), "2026-09-18T14:05:22.118Z");
}

TEST(UtcTextTest, WhatIsFinerThanAMillisecondIsCutOff) {
  EXPECT_EQ(UtcText(WallTime(nanoseconds(999'999))), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(UtcText(WallTime(nanoseconds(-1))), "1969-12-31T23:59:59.999Z");
}

TEST(UtcTextTest, TheEndsOfTheClockAreTimesToo) {
  EXPECT_EQ(UtcText(WallTime::max()), "2262-04-11T23:47:16.854Z");
  EXPECT_EQ(UtcText(WallTime::min()), "1677-09-21T00:12:43.145Z");
}

}  // namespace
}  // namespace balance
