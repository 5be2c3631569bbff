#include "clients/core/trace_context.h"

#include <gtest/gtest.h>

#include <string>

namespace balance {
namespace {

const std::string kGood = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

TEST(TraceContextTest, ReadsTheExampleOfTheStandard) {
  const auto context = TraceContext::Parse(kGood);

  ASSERT_TRUE(context);
  EXPECT_EQ(context->trace_id(), "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(context->parent_id(), "00f067aa0ba902b7");
  EXPECT_EQ(context->TraceUuid(), "4bf92f35-77b3-4da6-a3ce-929d0e0e4736");
}

TEST(TraceContextTest, LaterVersionsAreReadAsFarAsThisOneGoes) {
  const std::string later = "cc" + kGood.substr(2);

  EXPECT_TRUE(TraceContext::Parse(later));
  EXPECT_TRUE(TraceContext::Parse(later + "-what-the-future-will-be-like"));
  EXPECT_FALSE(TraceContext::Parse(later + ".what-the-future-will-not-be-like"));
  EXPECT_FALSE(TraceContext::Parse(later + "0"));
}

TEST(TraceContextTest, WhatIsNotValidIsAsIfItHadNotBeenSent) {
  EXPECT_FALSE(TraceContext::Parse(""));
  EXPECT_FALSE(TraceContext::Parse("ff" + kGood.substr(2)));
  EXPECT_FALSE(TraceContext::Parse(kGood + "-00"));
  EXPECT_FALSE(TraceContext::Parse(kGood + " "));
  EXPECT_FALSE(TraceContext::Parse(" " + kGood));
  EXPECT_FALSE(TraceContext::Parse("00-" + std::string(32, '0') + kGood.substr(35)));
  EXPECT_FALSE(TraceContext::Parse(kGood.substr(0, 36) + std::string(16, '0') + "-01"));
  for (std::size_t i = 0; i < kGood.size(); ++i) {
    EXPECT_FALSE(TraceContext::Parse(kGood.substr(0, i))) << i;
    for (const char bad : {'A', 'g', ' ', '\n', '"', '_', '\0'}) {
      std::string text = kGood;
      text[i] = bad;
      EXPECT_FALSE(TraceContext::Parse(text)) << text;
    }
  }
}

}  // namespace
}  // namespace balance
