#include "service/server/accept_header.h"

#include <gtest/gtest.h>

#include <string>

namespace balance {
namespace {

constexpr const char* kType = "application/openmetrics-text; version=1.0.0";

bool IsWanted(std::string_view accept) { return Prefers(accept, kType, "text/plain"); }

TEST(AcceptHeaderTest, AFormatIsWantedWhereItIsNamed) {
  EXPECT_TRUE(IsWanted("application/openmetrics-text"));
  EXPECT_TRUE(IsWanted("application/openmetrics-text; version=1.0.0"));
  EXPECT_TRUE(
      IsWanted(" APPLICATION/OpenMetrics-Text ;\tVersion=\"1.0.0\" ; charset=utf-8 ; q=0.1"));
  EXPECT_TRUE(IsWanted("text/html, ,application/openmetrics-text,"));
  EXPECT_FALSE(IsWanted("application/openmetrics-text; version=0.0.1"));
  EXPECT_FALSE(IsWanted("application/openmetrics-text2"));
  EXPECT_FALSE(IsWanted("application/json"));
}

TEST(AcceptHeaderTest, WhoNamesNothingGetsTheUsual) {
  EXPECT_FALSE(IsWanted(""));
  EXPECT_FALSE(IsWanted("*/*"));
  EXPECT_FALSE(IsWanted("application/*"));
  EXPECT_FALSE(IsWanted("text/plain"));
}

TEST(AcceptHeaderTest, TheHigherQualityWins) {
  EXPECT_TRUE(IsWanted("application/openmetrics-text;q=0.5, text/plain;q=0.4"));
  EXPECT_TRUE(IsWanted("text/plain, application/openmetrics-text"));
  EXPECT_FALSE(IsWanted("application/openmetrics-text;q=0.4, text/plain;q=0.5"));
  EXPECT_FALSE(IsWanted("application/openmetrics-text;q=0.4, text/*;q=0.5"));
  EXPECT_FALSE(IsWanted("application/openmetrics-text;q=0.4, */*"));
  // The closest entry says how much the usual is wanted.
  EXPECT_TRUE(IsWanted("application/openmetrics-text;q=0.4, */*, text/plain;q=0.1"));
  EXPECT_FALSE(IsWanted("application/openmetrics-text;q=0"));
  EXPECT_FALSE(IsWanted("application/openmetrics-text;q=0.0, text/plain;q=0"));
}

TEST(AcceptHeaderTest, WhatCannotBeReadCountsForNothing) {
  for (const char* quality : {"", "x", "-1", "1.1", "1e0", "nan", "inf", "0.5x"}) {
    EXPECT_FALSE(IsWanted(std::string("application/openmetrics-text;q=") + quality)) << quality;
  }
  EXPECT_FALSE(IsWanted(";,;;q=1,="));
}

}  // namespace
}  // namespace balance
