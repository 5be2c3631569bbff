#include "clients/balancectl/args.h"

#include <gmock/gmock.h>
#include <google/protobuf/util/time_util.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace balance::ctl {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

tl::expected<Args, EarlyExit> Parse(std::vector<const char*> words,
                                    const Environment& environment = {}) {
  words.insert(words.begin(), "balancectl");
  return ParseArgs(static_cast<int>(words.size()), words.data(), environment);
}

// The complaint about a command line; empty, with a failure, if there is none.
std::string ComplaintAbout(const std::vector<const char*>& words) {
  const auto args = Parse(words);
  if (args) {
    ADD_FAILURE() << "accepted";
    return "";
  }
  EXPECT_EQ(args.error().exit_code, 64);
  return args.error().text;
}

TEST(ArgsTest, DefaultsOfGet) {
  const auto args = Parse({"get"});

  ASSERT_TRUE(args);
  EXPECT_EQ(args->command, Command::kGet);
  EXPECT_EQ(args->account, "");
  EXPECT_EQ(args->server, "127.0.0.1:50051");
  EXPECT_EQ(args->timeout, std::chrono::seconds(10));
  EXPECT_FALSE(args->tls.enabled);
  EXPECT_EQ(args->output, Output::kTable);
  EXPECT_FALSE(args->color);
  EXPECT_EQ(args->policy.ByteSizeLong(), 0u);
  EXPECT_EQ(args->view, v1::BALANCE_VIEW_UNSPECIFIED);
}

TEST(ArgsTest, EveryCommandIsKnown) {
  EXPECT_EQ(Parse({"list"})->command, Command::kList);
  EXPECT_EQ(Parse({"sources"})->command, Command::kSources);
  EXPECT_EQ(Parse({"health"})->command, Command::kHealth);
}

TEST(ArgsTest, AccountIsAnIdOrAName) {
  EXPECT_EQ(Parse({"get", "desk-1"})->account, "accounts/desk-1");
  EXPECT_EQ(Parse({"get", "accounts/desk-1"})->account, "accounts/desk-1");
  EXPECT_EQ(Parse({"sources", "desk-1"})->account, "accounts/desk-1");
}

TEST(ArgsTest, GlobalOptionsStandBeforeOrAfterTheCommand) {
  for (const auto& args : {Parse({"--server", "h:1", "--output", "json", "get", "a"}),
                           Parse({"get", "a", "--server=h:1", "--output=json"})}) {
    ASSERT_TRUE(args);
    EXPECT_EQ(args->server, "h:1");
    EXPECT_EQ(args->output, Output::kJson);
    EXPECT_EQ(args->account, "accounts/a");
  }
}

TEST(ArgsTest, ServerOfTheEnvironmentGivesWayToTheFlag) {
  EXPECT_EQ(Parse({"get"}, {"e:2"})->server, "e:2");
  EXPECT_EQ(Parse({"get", "--server", "f:3"}, {"e:2"})->server, "f:3");
}

TEST(ArgsTest, ReadPolicyIsFilledIn) {
  const auto args = Parse({"get", "--max-age", "0s", "--max-stale", "1.5s", "--not-before",
                           "2026-01-02T03:04:05.5+01:00", "--only-if-cached", "--require", "all"});

  ASSERT_TRUE(args);
  const v1::ReadPolicy& policy = args->policy;
  using google::protobuf::util::TimeUtil;
  ASSERT_TRUE(policy.has_max_age());
  EXPECT_EQ(TimeUtil::ToString(policy.max_age()), "0s");
  EXPECT_EQ(TimeUtil::ToString(policy.max_stale()), "1.500s");
  EXPECT_EQ(TimeUtil::ToString(policy.not_before()), "2026-01-02T02:04:05.500Z");
  EXPECT_TRUE(policy.only_if_cached());
  EXPECT_EQ(policy.require(), v1::ReadPolicy::ALL);
}

TEST(ArgsTest, RequireTakesIds) {
  const auto args = Parse({"get", "--require", "pm-1,pm-2"});

  ASSERT_TRUE(args);
  EXPECT_EQ(args->policy.require(), v1::ReadPolicy::NAMED);
  EXPECT_THAT(args->policy.required_sources(), ElementsAre("pm-1", "pm-2"));
}

TEST(ArgsTest, SourceMayBeRepeatedAndTakesOneIdEach) {
  const auto args = Parse({"get", "--source", "a", "--source", "b", "desk"});

  ASSERT_TRUE(args);
  EXPECT_THAT(args->sources, ElementsAre("a", "b"));
  EXPECT_EQ(args->account, "accounts/desk");
}

TEST(ArgsTest, FiltersAndPaging) {
  const auto args =
      Parse({"list", "--fund-class", "simulated", "--view", "full", "--page-size", "7"});

  ASSERT_TRUE(args);
  EXPECT_EQ(args->fund_class, v1::SIMULATED_MONEY);
  EXPECT_EQ(args->view, v1::FULL);
  EXPECT_EQ(args->page_size, 7);
}

TEST(ArgsTest, ColourFollowsFlagThenNoColorThenTerminal) {
  const Environment terminal{"", true, false};
  const Environment no_color{"", true, true};

  EXPECT_TRUE(Parse({"get"}, terminal)->color);
  EXPECT_FALSE(Parse({"get"}, no_color)->color);
  EXPECT_TRUE(Parse({"get", "--color", "always"}, no_color)->color);
  EXPECT_TRUE(Parse({"get", "--color", "always"})->color);
  EXPECT_FALSE(Parse({"get", "--color", "never"}, terminal)->color);
}

TEST(ArgsTest, TlsOptionsTurnTlsOn) {
  EXPECT_TRUE(Parse({"get", "--tls"})->tls.enabled);
  EXPECT_TRUE(Parse({"get", "--tls-ca", "ca.pem"})->tls.enabled);
  EXPECT_TRUE(Parse({"get", "--tls-server-name", "balance"})->tls.enabled);
  EXPECT_TRUE(Parse({"get", "--tls-cert", "c", "--tls-key", "k"})->tls.enabled);
}

TEST(ArgsTest, TokenGoesOnlyOverTlsOrLoopback) {
  EXPECT_TRUE(Parse({"get", "--token-file", "t"}));
  EXPECT_TRUE(Parse({"get", "--token-file", "t", "--server", "h:1", "--tls"}));
  EXPECT_THAT(ComplaintAbout({"get", "--token-file", "t", "--server", "h:1"}),
              HasSubstr("--token-file"));
}

TEST(ArgsTest, LoopbackIsOnlyWhatCannotBeElsewhere) {
  for (const char* server : {"127.0.0.1:1", "127.8.8.8:1", "localhost:1", "[::1]:1", "unix:/s"}) {
    EXPECT_TRUE(IsLoopback(server)) << server;
  }
  for (const char* server :
       {"127.0.0.1.example.com:1", "10.0.0.1:1", "localhost.example.com:1", "[::2]:1", "127.0.0.1",
        "dns:///localhost:1", "ipv4:127.0.0.1:1,8.8.8.8:1", "0.0.0.0:1", ""}) {
    EXPECT_FALSE(IsLoopback(server)) << server;
  }
}

TEST(ArgsTest, WrongCommandLinesAreUsageErrorsThatNameTheOption) {
  const std::vector<std::pair<std::vector<const char*>, const char*>> cases = {
      {{"get", "--max-age", "5"}, "--max-age"},
      {{"get", "--max-age=-1s"}, "--max-age"},
      {{"get", "--max-stale", "soon"}, "--max-stale"},
      {{"get", "--not-before", "yesterday"}, "--not-before"},
      {{"get", "--require", "a,,b"}, "--require"},
      {{"get", "--require", ""}, "--require"},
      {{"get", "--fund-class", "play"}, "--fund-class"},
      {{"get", "--view", "huge"}, "--view"},
      {{"get", "--output", "yaml"}, "--output"},
      {{"get", "--color", "blue"}, "--color"},
      {{"get", "--timeout", "0s"}, "--timeout"},
      {{"get", "--timeout", "x"}, "--timeout"},
      {{"get", "--server", "nowhere"}, "--server"},
      {{"get", "--server", "h:0"}, "--server"},
      {{"get", "--server", "h:65536"}, "--server"},
      {{"get", "--server", "::1:50051"}, "--server"},
      {{"get", "--tls-cert", "c"}, "--tls-key"},
      {{"list", "--page-size", "0"}, "--page-size"},
      {{"list", "--require", "all"}, "--require"},
      {{"sources", "--max-age", "1s"}, "--max-age"},
      {{"get", "a", "b"}, "b"},
      {{"follow"}, "follow"},
      {{"watch", "--heartbeat", "soon"}, "--heartbeat"},
      {{"watch", "--min-interval", "-1s"}, "--min-interval"},
      {{"watch", "--require", "all"}, "--require"},
      {{}, "a command is needed"},
  };
  for (const auto& [words, part] : cases) {
    EXPECT_THAT(ComplaintAbout(words), HasSubstr(part));
  }
}

TEST(ArgsTest, HelpAndVersionAreNoErrors) {
  for (const auto& args : {Parse({"--help"}), Parse({"get", "--help"}), Parse({"--version"})}) {
    ASSERT_FALSE(args);
    EXPECT_EQ(args.error().exit_code, 0);
    EXPECT_TRUE(args.error().text.ends_with('\n'));
  }
  EXPECT_THAT(Parse({"--help"}).error().text, HasSubstr("lowerCamelCase"));
  EXPECT_THAT(Parse({"get", "--help"}).error().text, HasSubstr("--max-age"));
  EXPECT_THAT(Parse({"--version"}).error().text, HasSubstr("balancectl "));
}

}  // namespace
}  // namespace balance::ctl
