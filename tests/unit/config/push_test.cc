#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "service/config/print_config.h"
#include "tests/unit/config/config_files.h"

namespace balance {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// A source with `more`, which begins on line 6.
std::string With(const std::string& more) { return std::string(kOneSource) + more; }

PushSettings PushOf(const std::string& yaml) {
  const auto config = ConfigFiles().Load(yaml);
  EXPECT_TRUE(config) << config.error().front().ToString();
  return config ? config->accounts[0].sources[0].info.push : PushSettings();
}

TEST(PushSettingsTest, PushIsOffUnlessItIsAskedFor) {
  EXPECT_FALSE(PushOf(kOneSource).enabled);
  EXPECT_FALSE(PushOf(With("    push: {}\n")).enabled);
  EXPECT_FALSE(PushOf(With("    push: {enabled: false}\n")).enabled);
  EXPECT_TRUE(PushOf(With("    push: {enabled: true}\n")).enabled);
}

TEST(PushSettingsTest, PollIntervalIsTheTtlOfTheSourceUnlessItIsGiven) {
  EXPECT_EQ(PushOf(With("    push: {enabled: true}\n")).poll_interval, seconds(2));
  EXPECT_EQ(PushOf(With("    push: {enabled: true}\n    cache: {ttl: 7s}\n")).poll_interval,
            seconds(7));
  EXPECT_EQ(PushOf(With("    push: {enabled: true, poll_interval: 60s}\n")).poll_interval,
            seconds(60));
}

TEST(PushSettingsTest, PollIntervalBelowTheTtlIsRefused) {
  EXPECT_THAT(ConfigFiles().Problems(With("    push:\n"
                                          "      enabled: true\n"
                                          "      poll_interval: 1s\n")),
              ElementsAre("config.yaml:8: accounts[0].sources[0].push.poll_interval: (1s) is below "
                          "the TTL of the source (2s); leave it out, or make it at least the TTL"));
  EXPECT_THAT(ConfigFiles().Problems(With("    push: {enabled: true, poll_interval: 9s}\n"
                                          "cache: {ttl: 10s}\n")),
              ElementsAre(HasSubstr("(9s) is below the TTL of the source (10s)")));
  EXPECT_THAT(ConfigFiles().Problems(With("    push: {enabled: true, poll_interval: 10s}\n"
                                          "cache: {ttl: 10s}\n")),
              IsEmpty());
}

TEST(PushSettingsTest, ATtlThatIsRefusedItselfIsNotHeldAgainstThePollInterval) {
  EXPECT_THAT(ConfigFiles().Problems(With("    push: {enabled: true, poll_interval: 1s}\n"
                                          "    cache: {ttl: 0s}\n")),
              ElementsAre(HasSubstr("cache.ttl: is not above zero")));
}

TEST(PushSettingsTest, WhatCannotBeIsRefused) {
  EXPECT_THAT(ConfigFiles().Problems(With("    push: {enabled: true, poll_interval: 0s}\n")),
              ElementsAre(HasSubstr("push.poll_interval: is not above zero; write more than 0s")));
  EXPECT_THAT(ConfigFiles().Problems(With("    push: {enabled: true, poll_interval: 31536001s}\n")),
              ElementsAre(HasSubstr("push.poll_interval: is above 31536000s")));
  EXPECT_THAT(ConfigFiles().Problems(With("    push: {enabled: maybe}\n")),
              ElementsAre(HasSubstr("config.yaml:6: accounts[0].sources[0].push.enabled: ")));
  EXPECT_THAT(ConfigFiles().Problems(With("    push: {enable: true}\n")),
              ElementsAre(HasSubstr("unknown key; did you mean enabled?")));
  EXPECT_THAT(ConfigFiles().Problems(With("push: {enabled: true}\n")),
              ElementsAre(HasSubstr("config.yaml:6: push: unknown key")));
}

TEST(PushSettingsTest, APollIntervalWithoutPushIsHardlyMeant) {
  const auto config = ConfigFiles().Load(With("    push: {poll_interval: 60s}\n"));

  ASSERT_TRUE(config);
  ASSERT_EQ(config->warnings.size(), 1U);
  EXPECT_THAT(config->warnings[0].ToString(),
              HasSubstr("push.poll_interval: has no effect without enabled: true"));
}

TEST(PushSettingsTest, IsPrintedAsItIsInForce) {
  const auto with = ConfigFiles().Load(With("    push: {enabled: true, poll_interval: 60s}\n"));
  const auto without = ConfigFiles().Load(kOneSource);
  ASSERT_TRUE(with && without);

  EXPECT_THAT(PrintConfig(*with), HasSubstr("    push:\n"
                                            "      enabled: true\n"
                                            "      poll_interval: 60s\n"));
  EXPECT_THAT(PrintConfig(*without), HasSubstr("    push:\n"
                                               "      enabled: false\n"));
}

}  // namespace
}  // namespace balance
