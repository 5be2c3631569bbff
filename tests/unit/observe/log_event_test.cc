#include "service/observe/log_event.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string>

namespace balance {
namespace {

class LogEventTest : public testing::Test {
 protected:
  LogEventTest() {
    spdlog::set_default_logger(std::make_shared<spdlog::logger>(
        "", std::make_shared<spdlog::sinks::ostream_sink_st>(text_)));
    spdlog::default_logger()->set_pattern("%l|%v");
  }
  ~LogEventTest() override {
    SetLogLineFormat(LogLineFormat::kText);
    spdlog::set_default_logger(before_);
  }

  // The object that a line of the log ends.
  static nlohmann::json Parse(const std::string& rest) { return nlohmann::json::parse("{" + rest); }

  std::ostringstream text_;

 private:
  const std::shared_ptr<spdlog::logger> before_ = spdlog::default_logger();
};

TEST_F(LogEventTest, ATextLineIsItsSentence) {
  Log(LogEvent::kServing, "serving {} %v", {{"grpc", "127.0.0.1:1"}});

  EXPECT_EQ(text_.str(), "info|serving {} %v\n");
}

TEST_F(LogEventTest, AJsonLineHasItsFieldsInTheirOrder) {
  SetLogLineFormat(LogLineFormat::kJson);

  Log(LogEvent::kClockSkew, "far off",
      {{"source", "accounts/a/sources/b"},
       {"empty", ""},
       {"seconds", 20.5},
       {"count", std::int64_t{-3}}});

  EXPECT_EQ(text_.str(),
            R"(warning|"event":"clock_skew","message":"far off","source":"accounts/a/sources/b",)"
            R"("seconds":20.5,"count":-3})"
            "\n");
}

TEST_F(LogEventTest, EveryByteMakesOneValidLine) {
  for (int byte = 0; byte < 256; ++byte) {
    // Alone, before ASCII, and where a character of several bytes should go on.
    for (const std::string& around : {std::string(), std::string("\xE2\x82")}) {
      const std::string text = around + static_cast<char>(byte) + "x\"\\";
      const std::string rest = JsonLineRest(LogEvent::kPushDown, text, {{"upstream_said", text}});

      EXPECT_EQ(rest.find('\n'), rest.npos) << byte;
      for (const char c : rest) EXPECT_GE(static_cast<unsigned char>(c), 0x20) << byte;
      const auto line = Parse(rest);
      EXPECT_THAT(line["message"].get<std::string>(), testing::EndsWith("x\"\\")) << byte;
      EXPECT_EQ(line["message"], line["upstream_said"]);
    }
  }
  EXPECT_EQ(Parse(JsonLineRest(LogEvent::kPushDown, "a\xff\n", {}))["message"], "a\xEF\xBF\xBD\n");
  EXPECT_TRUE(Parse(JsonLineRest(LogEvent::kClockSkew, "",
                                 {{"seconds", std::numeric_limits<double>::infinity()}}))["seconds"]
                  .is_null());
}

TEST_F(LogEventTest, WhatIsBelowTheLevelIsNotWritten) {
  spdlog::default_logger()->set_level(spdlog::level::warn);

  Log(LogEvent::kServing, "serving");
  LogAt(spdlog::level::err, LogEvent::kServing, "not serving");

  EXPECT_EQ(text_.str(), "error|not serving\n");
}

TEST_F(LogEventTest, NamesDiffer) {
  std::set<std::string_view> names;
  for (const LogEventFacts& facts : kLogEvents) names.insert(facts.name);

  EXPECT_EQ(names.size(), kLogEvents.size());
}

}  // namespace
}  // namespace balance
