#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/config/config_files.h"

namespace balance {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::MatchesRegex;

// Sources s0, s1, ... of one account, two lines each, the first on line 4.
std::string Sources(const std::vector<std::string>& sources) {
  std::string yaml = "accounts:\n- id: desk\n  sources:\n";
  for (std::size_t i = 0; i < sources.size(); ++i) {
    yaml += "  - id: s" + std::to_string(i) + "\n    " + sources[i] + "\n";
  }
  return yaml;
}

std::string Simulator(const std::string& variable) {
  return "polysimulator: {api_key: {env: " + variable + "}}";
}

std::string Polymarket(const std::string& base_url) {
  return "polymarket_us: {base_url: '" + base_url +
         "', key_id: {env: PM_ID}, secret_key: {env: PM_SECRET}}";
}

// Of accounts/desk/sources/s0 and s1.
constexpr const char* kPoolOfS0 = "pool-283f5ad78ad1eb9f";
constexpr const char* kPoolOfS1 = "pool-2b42e88648551115";

std::vector<std::string> Pools(const ConfigResult& config) {
  std::vector<std::string> pools;
  for (const AccountConfig& account : config->accounts) {
    for (const SourceConfig& source : account.sources) pools.push_back(source.info.pool);
  }
  return pools;
}

TEST(SharedCredentialsTest, SameApiKeyIsOnePool) {
  ConfigFiles files;
  files.SetEnv("SAME_KEY", kApiKey);
  files.SetEnv("OTHER_KEY", "ps_live_other");

  const auto config =
      files.Load(Sources({Simulator("SIM_KEY"), Simulator("OTHER_KEY"), Simulator("SAME_KEY")}) +
                 "- id: desk-2\n  sources:\n  - id: s0\n    " + Simulator("SIM_KEY") + "\n");

  ASSERT_TRUE(config);
  EXPECT_THAT(Pools(config), ElementsAre(kPoolOfS0, kPoolOfS1, kPoolOfS0, kPoolOfS0));
}

TEST(SharedCredentialsTest, TheDefaultPoolTellsNeitherKeyNorNames) {
  ConfigFiles files;
  files.SetEnv("OTHER_KEY", "ps_live_other");
  const std::string yaml = Sources({Simulator("SIM_KEY"), Simulator("OTHER_KEY")});
  const auto config = files.Load(yaml);
  files.SetEnv("SIM_KEY", "ps_live_rotated");
  const auto rotated = files.Load(yaml);

  ASSERT_TRUE(config);
  ASSERT_TRUE(rotated);
  EXPECT_THAT(Pools(config), Each(MatchesRegex("pool-[0-9a-f]{16}")));
  EXPECT_EQ(Pools(config), Pools(rotated));
}

TEST(SharedCredentialsTest, SameKeyIdIsOnePool) {
  const auto config = ConfigFiles().Load(
      Sources({Polymarket("https://api.polymarket.us"), Polymarket("https://api.polymarket.us")}));

  ASSERT_TRUE(config);
  EXPECT_THAT(Pools(config), ElementsAre(kPoolOfS0, kPoolOfS0));
}

TEST(SharedCredentialsTest, SameTextAtTwoVenuesIsNotShared) {
  ConfigFiles files;
  files.SetEnv("SIM_KEY", kKeyId);

  const auto config =
      files.Load(Sources({Polymarket("https://api.polymarket.us"), Simulator("SIM_KEY")}));

  ASSERT_TRUE(config);
  EXPECT_THAT(Pools(config), ElementsAre(kPoolOfS0, kPoolOfS1));
}

TEST(SharedCredentialsTest, StatedPoolHoldsForAllWithTheCredential) {
  const auto config = ConfigFiles().Load(
      Sources({Simulator("SIM_KEY"), Simulator("SIM_KEY") + "\n    pool: wallet-7"}));

  ASSERT_TRUE(config);
  EXPECT_THAT(Pools(config), ElementsAre("wallet-7", "wallet-7"));
}

TEST(SharedCredentialsTest, DifferentKeysMayStateOnePool) {
  ConfigFiles files;
  files.SetEnv("OTHER_KEY", "ps_live_other");

  const auto config = files.Load(Sources({Simulator("SIM_KEY") + "\n    pool: wallet-7",
                                          Simulator("OTHER_KEY") + "\n    pool: wallet-7"}));

  ASSERT_TRUE(config);
  EXPECT_THAT(Pools(config), ElementsAre("wallet-7", "wallet-7"));
}

TEST(SharedCredentialsTest, RatesOfOneCredentialMustAgree) {
  EXPECT_THAT(
      ConfigFiles().Problems(
          Sources({Simulator("SIM_KEY"), Simulator("SIM_KEY") + "\n    upstream: {burst: 1}"})),
      ElementsAre("config.yaml:8: accounts[0].sources[1].upstream.burst: has another rate than "
                  "accounts[0].sources[0], which uses the same credential; give both the same "
                  "requests_per_second and burst: the budget belongs to the credential"));
}

TEST(SharedCredentialsTest, RateOfTheFirstMayBeTheOdd) {
  EXPECT_THAT(
      ConfigFiles().Problems(
          Sources({Simulator("SIM_KEY") + "\n    upstream: {burst: 1}", Simulator("SIM_KEY")})),
      ElementsAre("config.yaml:7: accounts[0].sources[1]: has another rate than "
                  "accounts[0].sources[0], which uses the same credential; give both the same "
                  "requests_per_second and burst: the budget belongs to the credential"));
}

TEST(SharedCredentialsTest, PoolAcrossFundClassesIsRefused) {
  EXPECT_THAT(
      ConfigFiles().Problems(Sources({Polymarket("https://api.polymarket.us") + "\n    pool: p",
                                      Simulator("SIM_KEY") + "\n    pool: p"})),
      ElementsAre("config.yaml:9: accounts[0].sources[1].pool: shares its pool with "
                  "accounts[0].sources[0] of another fund class; use a pool of its own, or the "
                  "same fund_class in both"));
}

TEST(SharedCredentialsTest, CredentialAcrossFundClassesIsRefused) {
  EXPECT_THAT(
      ConfigFiles().Problems(
          Sources({Polymarket("https://api.polymarket.us"),
                   Polymarket("http://127.0.0.1:1") + "\n    fund_class: SIMULATED_MONEY"})),
      ElementsAre("config.yaml:8: accounts[0].sources[1].fund_class: shares its pool with "
                  "accounts[0].sources[0] of another fund class; use a pool of its own, or the "
                  "same fund_class in both"));
}

}  // namespace
}  // namespace balance
