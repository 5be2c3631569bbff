#include "clients/polysimulator/rate_headers.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace balance::polysimulator {
namespace {

using std::chrono::seconds;

// Of the Date that Answer() has.
constexpr std::int64_t kDateInEpoch = 1789740322;

RateLimits Read(std::vector<HttpHeader> headers, bool has_date = true) {
  if (has_date) headers.push_back({"Date", "Fri, 18 Sep 2026 14:05:22 GMT"});
  return ReadRateLimits({200, std::move(headers), ""});
}

std::string InSeconds(std::int64_t from_date) { return std::to_string(kDateInEpoch + from_date); }

TEST(RateHeadersTest, AnAnswerWithoutThemSaysNothing) {
  const RateLimits limits = Read({});

  EXPECT_FALSE(limits.per_second);
  EXPECT_FALSE(limits.per_minute);
  EXPECT_FALSE(limits.exhausted_for);
}

TEST(RateHeadersTest, BothNamesAreRead) {
  for (const std::string prefix : {"x-ratelimit-", "X-RateLimit-", "X-Polysim-RateLimit-"}) {
    const RateLimits limits = Read({{prefix + "limit", "120"},
                                    {prefix + "limit-per-second", "5"},
                                    {prefix + "remaining", "7"},
                                    {prefix + "remaining-per-second", "3"}});

    EXPECT_EQ(limits.per_minute, 120) << prefix;
    EXPECT_EQ(limits.per_second, 5) << prefix;
    EXPECT_FALSE(limits.exhausted_for) << prefix;
  }
}

TEST(RateHeadersTest, AMalformedHeaderGivesWayToItsTwin) {
  const RateLimits limits =
      Read({{"x-ratelimit-limit", "many"}, {"x-polysim-ratelimit-limit", "60"}});

  EXPECT_EQ(limits.per_minute, 60);
}

TEST(RateHeadersTest, AnEmptyMinuteLastsUntilItsResetByTheAnswersOwnClock) {
  const RateLimits limits =
      Read({{"x-ratelimit-remaining", "0"}, {"x-ratelimit-reset", InSeconds(42)}});

  EXPECT_EQ(limits.exhausted_for, seconds(42));
}

TEST(RateHeadersTest, APauseIsAtLeastASecondAndAtMostAMinute) {
  for (const std::string& reset : {InSeconds(0), InSeconds(-5), std::string("0")}) {
    EXPECT_EQ(Read({{"x-ratelimit-remaining", "0"}, {"x-ratelimit-reset", reset}}).exhausted_for,
              seconds(1))
        << reset;
  }
  for (const std::string& reset :
       {InSeconds(61), InSeconds(86400), std::string("9223372036854775807")}) {
    EXPECT_EQ(Read({{"x-ratelimit-remaining", "0"}, {"x-ratelimit-reset", reset}}).exhausted_for,
              seconds(60))
        << reset;
  }
}

TEST(RateHeadersTest, WithoutAUsableResetAnEmptyMinuteIsAWholeOne) {
  EXPECT_EQ(Read({{"x-ratelimit-remaining", "0"}}).exhausted_for, seconds(60));
  EXPECT_EQ(Read({{"x-ratelimit-remaining", "0"}, {"x-ratelimit-reset", "soon"}}).exhausted_for,
            seconds(60));
  EXPECT_EQ(Read({{"x-ratelimit-remaining", "0"}, {"x-ratelimit-reset", InSeconds(3)}}, false)
                .exhausted_for,
            seconds(60));
}

TEST(RateHeadersTest, AnEmptySecondLastsASecond) {
  EXPECT_EQ(Read({{"x-ratelimit-remaining-per-second", "0"}}).exhausted_for, seconds(1));
  EXPECT_EQ(Read({{"x-ratelimit-remaining", "9"}, {"x-ratelimit-remaining-per-second", "0"}})
                .exhausted_for,
            seconds(1));
}

TEST(RateHeadersTest, TheLongerPauseCounts) {
  EXPECT_EQ(Read({{"x-ratelimit-remaining", "0"},
                  {"x-ratelimit-remaining-per-second", "0"},
                  {"x-ratelimit-reset", InSeconds(9)}})
                .exhausted_for,
            seconds(9));
}

TEST(RateHeadersTest, WhatIsNoCountIsUnset) {
  for (const std::string text : {"", "-1", "1.5", "1e3", "0x10", "+5", "5 per second", "10, 10",
                                 "99999999999999999999", "NaN"}) {
    const RateLimits limits = Read({{"x-ratelimit-limit", text},
                                    {"x-ratelimit-limit-per-second", text},
                                    {"x-ratelimit-remaining", text},
                                    {"x-ratelimit-remaining-per-second", text}});

    EXPECT_FALSE(limits.per_minute) << text;
    EXPECT_FALSE(limits.per_second) << text;
    EXPECT_FALSE(limits.exhausted_for) << text;
  }
}

TEST(RateHeadersTest, ALimitOfNothingIsNoLimit) {
  const RateLimits limits =
      Read({{"x-ratelimit-limit", "0"}, {"x-ratelimit-limit-per-second", "0"}});

  EXPECT_FALSE(limits.per_minute);
  EXPECT_FALSE(limits.per_second);
}

}  // namespace
}  // namespace balance::polysimulator
