#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sodium.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "service/config/load_config.h"
#include "service/config/print_config.h"
#include "service/config/source_login.h"
#include "tests/integration/service/running_service.h"
#include "tests/toy_venue/toy_upstream.h"
#include "tests/toy_venue/venue.h"
#include "tests/toy_venue/venues.h"

namespace balance::toy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

// A configuration with one toy source, whose lines begin on line 4.
class ToyConfigurationTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_GE(sodium_init(), 0); }

  EnvLookup Env() const {
    return [this](const std::string& name) -> std::optional<std::string> {
      const auto found = variables_.find(name);
      if (found == variables_.end()) return std::nullopt;
      return found->second;
    };
  }

  ConfigResult Load(const std::string& source) const {
    const std::string path =
        files_.Write("c.yaml", "accounts:\n- id: desk\n  sources:\n  - id: t\n" + source);
    return LoadConfig(path, Env(), VenuesWithToy());
  }

  std::vector<std::string> Problems(const ConfigResult& result) const {
    std::vector<std::string> lines;
    if (result) return lines;
    for (const ConfigIssue& issue : result.error()) {
      const std::string line = issue.ToString();
      lines.push_back(
          line.substr(line.find("c.yaml") == std::string::npos ? 0 : line.find("c.yaml")));
    }
    return lines;
  }

  const TemporaryDirectory files_;
  std::map<std::string, std::string> variables_ = {{"TOY_ACCOUNT", ToyUpstream::kAccount},
                                                   {"TOY_TOKEN", ToyUpstream::kToken},
                                                   {"TOY_PASSPHRASE", ToyUpstream::kPassphrase}};
};

constexpr const char* kToySource =
    "    toy: {account: {env: TOY_ACCOUNT}, token: {env: TOY_TOKEN}, "
    "passphrase: {env: TOY_PASSPHRASE}}\n";

TEST_F(ToyConfigurationTest, ALoginIsRead) {
  const auto config = Load(kToySource);

  ASSERT_TRUE(config) << config.error().front().ToString();
  const SourceConfig& source = config->accounts[0].sources[0];
  EXPECT_EQ(source.venue, &TheVenue());
  EXPECT_EQ(source.info.kind, kKind);
  EXPECT_EQ(source.info.fund_class, FundClass::kSimulatedMoney);
  EXPECT_THAT(source.info.measures, ElementsAre(Measure::kCash, Measure::kEquity));
  EXPECT_EQ(source.login.base_url.ToString(), "https://api.toy.example");
  EXPECT_EQ(source.login.key_id, ToyUpstream::kAccount);
  EXPECT_EQ(source.login.secret->Expose(),
            std::string(ToyUpstream::kToken) + " " + ToyUpstream::kPassphrase);
  EXPECT_TRUE(IsComplete(source));
}

TEST_F(ToyConfigurationTest, ItsRateHoldsWhereTheFileStatesNone) {
  const auto config = Load(kToySource);
  const auto with_burst = Load(std::string(kToySource) + "upstream: {burst: 7}\n");
  const auto with_both = Load(std::string(kToySource) +
                              "    upstream: {requests_per_second: 1}\nupstream: {burst: 7}\n");
  ASSERT_TRUE(config && with_burst && with_both);

  EXPECT_EQ(config->accounts[0].sources[0].info.rate, (RateSettings{5, 3}));
  EXPECT_EQ(with_burst->accounts[0].sources[0].info.rate, (RateSettings{5, 7}));
  EXPECT_EQ(with_both->accounts[0].sources[0].info.rate, (RateSettings{1, 7}));
}

TEST_F(ToyConfigurationTest, WhatIsPrintedIsMaskedAndNamesEachPart) {
  const auto config = Load(kToySource);
  ASSERT_TRUE(config);

  const std::string printed = PrintConfig(*config);

  EXPECT_THAT(printed, HasSubstr("    toy:\n"
                                 "      base_url: https://api.toy.example\n"
                                 "      account: {value: \"***\"}\n"
                                 "      token: {value: \"***\"}\n"
                                 "      passphrase: {value: \"***\"}\n"));
  for (const auto& [name, secret] : variables_) {
    // Its text is also the account's id here.
    if (name == "TOY_ACCOUNT") continue;
    EXPECT_THAT(printed, Not(HasSubstr(secret)));
  }
}

TEST_F(ToyConfigurationTest, AVenueWithoutPushRefusesIt) {
  EXPECT_THAT(Problems(Load(std::string(kToySource) + "    push:\n      enabled: true\n")),
              ElementsAre("c.yaml:7: accounts[0].sources[0].push.enabled: is set, although Toy "
                          "Exchange has no push; leave push out"));
  EXPECT_THAT(Problems(Load(std::string(kToySource) + "    push: {enabled: false}\n")),
              testing::IsEmpty());
  // What is asked of all sources is asked of those that can.
  variables_["BALANCE_PUSH"] = "true";
  const auto config = ConfigFromEnvironment(Env(), VenuesWithToy());
  ASSERT_TRUE(config) << config.error().front().ToString();
  EXPECT_FALSE(config->accounts[0].sources[0].info.push.enabled);
}

TEST_F(ToyConfigurationTest, RefusalsNameItsFieldsAndLines) {
  EXPECT_THAT(Problems(Load("    toy: {account: {env: TOY_ACCOUNT}, token: {env: TOY_TOKEN}}\n")),
              ElementsAre("c.yaml:5: accounts[0].sources[0].toy.passphrase: is missing; write "
                          "{file: PATH} or {env: NAME}"));
  EXPECT_THAT(Problems(Load("    toy: {acount: {env: TOY_ACCOUNT}}\n")),
              ElementsAre("c.yaml:5: accounts[0].sources[0].toy.acount: unknown key; did you mean "
                          "account?"));
  EXPECT_THAT(Problems(Load("    toy: 7\n")),
              ElementsAre("c.yaml:5: accounts[0].sources[0].toy: is not a mapping; write its keys "
                          "below it: base_url, account, token, passphrase"));
  EXPECT_THAT(Problems(Load("    toys: {}\n")),
              ElementsAre("c.yaml:5: accounts[0].sources[0].toys: unknown key; did you mean toy?"));
  EXPECT_THAT(Problems(Load("    login: {}\n")).front(),
              HasSubstr("use one of: id, pool, fund_class, polymarket_us, polysimulator, toy, "
                        "cache, upstream"));
  variables_["TOY_TOKEN"] = "badly-copied";
  EXPECT_THAT(Problems(Load(kToySource)),
              ElementsAre("c.yaml:5: accounts[0].sources[0].toy.token: does not begin with toy_; "
                          "store the token as Toy Exchange shows it"));
}

TEST_F(ToyConfigurationTest, ASourceNamesOneVenue) {
  EXPECT_THAT(Problems(Load(std::string(kToySource) +
                            "    polysimulator: {api_key: {value: ps_live_1}}\n")),
              ElementsAre("c.yaml:5: accounts[0].sources[0].toy: excludes polysimulator; keep one "
                          "of the two"));
  EXPECT_THAT(Problems(Load("    pool: p\n")),
              ElementsAre("c.yaml:4: accounts[0].sources[0]: names no venue; add polymarket_us, "
                          "polysimulator or toy"));
}

TEST_F(ToyConfigurationTest, ItsMoneyIsWhatTheVenueSays) {
  EXPECT_THAT(Problems(Load(std::string(kToySource) + "    fund_class: REAL_MONEY\n")),
              ElementsAre("c.yaml:6: accounts[0].sources[0].fund_class: Toy Exchange is never "
                          "REAL_MONEY; remove it, or write SIMULATED_MONEY"));
}

TEST_F(ToyConfigurationTest, ARouteAtTheEndOfItsBaseUrlIsRefused) {
  const std::string source(kToySource);
  const std::string at = source.substr(0, source.find('{') + 1) +
                         "base_url: 'https://api.toy.example/api', " +
                         source.substr(source.find('{') + 1);
  EXPECT_THAT(Problems(Load(at)),
              ElementsAre("c.yaml:5: accounts[0].sources[0].toy.base_url: ends in /api, which the "
                          "service adds itself; leave /api out"));
}

TEST_F(ToyConfigurationTest, OneAccountWithTwoSecretsIsRefused) {
  variables_["OTHER"] = "other-passphrase";
  std::string other = kToySource;
  other.replace(other.find("TOY_PASSPHRASE"), std::string("TOY_PASSPHRASE").size(), "OTHER");

  EXPECT_THAT(Problems(Load(kToySource + ("  - id: u\n" + other))),
              ElementsAre("c.yaml:7: accounts[0].sources[1].toy.token: differs from that of "
                          "accounts[0].sources[0], which has the same account; store the token "
                          "that Toy Exchange showed with this account in both"));
}

TEST_F(ToyConfigurationTest, VariablesAloneMakeASource) {
  variables_["TOY_BASE_URL"] = "http://127.0.0.1:9";
  const auto config = ConfigFromEnvironment(Env(), VenuesWithToy());

  ASSERT_TRUE(config) << config.error().front().ToString();
  ASSERT_EQ(config->accounts[0].sources.size(), 1U);
  EXPECT_EQ(config->accounts[0].sources[0].info.source, "toy");
  EXPECT_EQ(config->accounts[0].sources[0].login.base_url.ToString(), "http://127.0.0.1:9");
}

TEST_F(ToyConfigurationTest, VariablesThatAreNotSetAreNamed) {
  variables_.erase("TOY_TOKEN");
  EXPECT_THAT(Problems(ConfigFromEnvironment(Env(), VenuesWithToy())),
              ElementsAre("environment: TOY_TOKEN: is not set, although another part of the Toy "
                          "Exchange key is; set all of TOY_ACCOUNT, TOY_TOKEN and TOY_PASSPHRASE, "
                          "or none"));
  variables_.clear();
  EXPECT_THAT(Problems(ConfigFromEnvironment(Env(), VenuesWithToy())),
              ElementsAre("environment: no credentials are set; start with --config FILE, or set "
                          "POLYMARKET_KEY_ID and POLYMARKET_SECRET_KEY, or POLYSIM_API_KEY, or "
                          "TOY_ACCOUNT, TOY_TOKEN and TOY_PASSPHRASE, or all six"));
}

}  // namespace
}  // namespace balance::toy
