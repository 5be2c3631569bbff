#include "tests/soak/failure_schedule.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace balance {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

const FailureSchedule kBreaker = ScheduleOf("SOURCE_ERROR");

// Requests of a login that pauses for `first`, times `growth` each time, at most `longest`.
std::uint64_t CountOf(std::uint64_t at_first, Duration first, int growth, Duration longest,
                      Duration time) {
  std::uint64_t count = at_first;
  Duration pause = first;
  for (Duration at = pause; at <= time; at += pause) {
    ++count;
    pause = std::min(pause * growth, longest);
  }
  return count;
}

TEST(FailureScheduleTest, TheLeastAndTheMostAreThoseOfTheLongestAndTheShortestPauses) {
  // 5, 8, 16, 32 and then 48 s; 6, 12, 24, 48 and then 60 s.
  const RequestCount count = RequestsWithin(minutes(10), kBreaker, Duration::zero());

  EXPECT_EQ(count.most, 5U + 4 + 11);
  EXPECT_EQ(count.least, 5U + 4 + 8);
}

TEST(FailureScheduleTest, WhatKeepsTheScheduleIsIncluded) {
  for (const int time : {1, 5, 20, 60, 120, 600, 3600}) {
    const auto count = CountOf(5, seconds(5), 2, seconds(60), seconds(time));
    EXPECT_TRUE(RequestsWithin(seconds(time), kBreaker, seconds(1)).Includes(count)) << time;
  }
  const FailureSchedule hold_off = ScheduleOf("SOURCE_FORBIDDEN");
  EXPECT_TRUE(RequestsWithin(minutes(10), hold_off, seconds(1)).Includes(4));
  EXPECT_EQ(RequestsWithin(seconds(59), hold_off, seconds(1)).most, 1U);
}

TEST(FailureScheduleTest, APauseThatDoesNotGrowIsNotIncluded) {
  for (const int time : {60, 120, 600}) {
    // With the longest first pause that jitter allows.
    const auto count = CountOf(5, seconds(6), 1, seconds(60), seconds(time));
    EXPECT_FALSE(RequestsWithin(seconds(time), kBreaker, seconds(1)).Includes(count)) << time;
  }
}

TEST(FailureScheduleTest, APauseThatGrowsWithoutEndIsNotIncluded) {
  const auto count = CountOf(5, seconds(5), 2, minutes(60), minutes(10));

  EXPECT_FALSE(RequestsWithin(minutes(10), kBreaker, seconds(1)).Includes(count));
}

TEST(FailureScheduleTest, OneReplyThatIsNoBalanceOpensTheBreaker) {
  EXPECT_EQ(RequestsWithin(seconds(4), ScheduleOf("SOURCE_REPLY_INVALID"), Duration()).most, 1U);
  EXPECT_EQ(RequestsWithin(seconds(4), kBreaker, Duration()).most, 5U);
}

}  // namespace
}  // namespace balance
