#include "clients/http/retry_after.h"

#include <gtest/gtest.h>

#include <string>

namespace balance {
namespace {

using std::chrono::seconds;

HttpResponse With(const std::string& retry_after, const std::string& date = "") {
  HttpResponse response;
  response.headers.push_back({"Retry-After", retry_after});
  if (!date.empty()) response.headers.push_back({"Date", date});
  return response;
}

TEST(RetryAfterTest, SecondsAreRoundedUpAndCapped) {
  EXPECT_EQ(ParseRetryAfter(With("7")), seconds(7));
  EXPECT_EQ(ParseRetryAfter(With("0")), seconds(0));
  EXPECT_EQ(ParseRetryAfter(With("1.5")), seconds(2));
  EXPECT_EQ(ParseRetryAfter(With("1.000")), seconds(1));
  EXPECT_EQ(ParseRetryAfter(With("300.5")), seconds(300));
  EXPECT_EQ(ParseRetryAfter(With("100000")), seconds(300));
  EXPECT_EQ(ParseRetryAfter(With("99999999999999999999999")), seconds(300));
}

TEST(RetryAfterTest, WhatCannotBeUsedIsLeftToTheCallersDefault) {
  EXPECT_EQ(ParseRetryAfter(HttpResponse()), std::nullopt);
  for (const char* text : {"", "-5", "abc", "1e20", "NaN", "1.", ".5", "1,5", "+1"}) {
    EXPECT_EQ(ParseRetryAfter(With(text)), std::nullopt) << text;
  }
}

TEST(RetryAfterTest, ADateIsMeasuredAgainstTheUpstreamsOwnClock) {
  EXPECT_EQ(ParseRetryAfter(With("Sun, 06 Nov 1994 08:50:00 GMT", "Sun, 06 Nov 1994 08:49:37 GMT")),
            seconds(23));
  EXPECT_EQ(ParseRetryAfter(With("Mon, 07 Nov 1994 08:50:00 GMT", "Sun, 06 Nov 1994 08:49:37 GMT")),
            seconds(300));
}

TEST(RetryAfterTest, AnOldDateOrOneWithoutADateHeaderIsUnusable) {
  EXPECT_EQ(ParseRetryAfter(With("Sun, 06 Nov 1994 08:49:00 GMT", "Sun, 06 Nov 1994 08:49:37 GMT")),
            std::nullopt);
  EXPECT_EQ(ParseRetryAfter(With("Sun, 06 Nov 1994 08:50:00 GMT")), std::nullopt);
}

TEST(HttpDateTest, ReadsTheFixedFormOnly) {
  EXPECT_EQ(ParseHttpDate("Sun, 06 Nov 1994 08:49:37 GMT"), WallTime(seconds(784111777)));
  for (const char* text : {"", "Sun, 06 Nov 1994 08:49:37", "Sunday, 06-Nov-94 08:49:37 GMT",
                           "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 Nov 1994 25:49:37 GMT",
                           "Sun, 06 Foo 1994 08:49:37 GMT", "Xxx, 06 Nov 1994 08:49:37 GMT",
                           "Sun, 06 Nov 9999 08:49:37 GMT", "Sun, -6 Nov 1994 08:49:37 GMT",
                           "Sun, 06 Nov 1994 08:49:37 UTC"}) {
    EXPECT_EQ(ParseHttpDate(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace balance
