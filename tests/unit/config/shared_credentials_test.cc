#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>

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

std::vector<std::string> Pools(const ConfigResult& config) {
  std::vector<std::string> pools;
  for (const AccountConfig& account : config->accounts) {
    for (const SourceConfig& source : account.sources) pools.push_back(source.info.pool);
  }
  return pools;
}

// Different ones, in the order of their first appearance, as "0 1 0".
std::string Pattern(const std::vector<std::string>& pools) {
  std::vector<std::string> seen;
  std::string pattern;
  for (const std::string& pool : pools) {
    const auto at = std::find(seen.begin(), seen.end(), pool);
    pattern += (pattern.empty() ? "" : " ") + std::to_string(at - seen.begin());
    if (at == seen.end()) seen.push_back(pool);
  }
  return pattern;
}

TEST(SharedCredentialsTest, SameApiKeyIsOnePool) {
  ConfigFiles files;
  files.SetEnv("SAME_KEY", kApiKey);
  files.SetEnv("OTHER_KEY", "ps_live_other");

  const auto config =
      files.Load(Sources({Simulator("SIM_KEY"), Simulator("OTHER_KEY"), Simulator("SAME_KEY")}) +
                 "- id: desk-2\n  sources:\n  - id: s0\n    " + Simulator("SIM_KEY") + "\n");

  ASSERT_TRUE(config);
  EXPECT_EQ(Pattern(Pools(config)), "0 1 0 0");
}

TEST(SharedCredentialsTest, SameKeyIdIsOnePool) {
  ConfigFiles files;
  std::string upper(kKeyId);
  for (char& c : upper) c = static_cast<char>(std::toupper(c));
  files.SetEnv("PM_ID_UPPER", upper);
  const std::string polymarket = Polymarket("https://api.polymarket.us");
  std::string in_upper = polymarket;
  in_upper.replace(in_upper.find("PM_ID"), 5, "PM_ID_UPPER");

  const auto config = files.Load(Sources({polymarket, polymarket, in_upper}));

  ASSERT_TRUE(config);
  EXPECT_EQ(Pattern(Pools(config)), "0 0 0");
}

TEST(SharedCredentialsTest, SameTextAtTwoVenuesIsNotShared) {
  ConfigFiles files;
  files.SetEnv("SIM_KEY", kKeyId);

  const auto config =
      files.Load(Sources({Polymarket("https://api.polymarket.us"), Simulator("SIM_KEY")}));

  ASSERT_TRUE(config);
  EXPECT_EQ(Pattern(Pools(config)), "0 1");
}

TEST(SharedCredentialsTest, M132_TheDefaultPoolIsOneOfTheLoginWhateverItsSourcesAreCalled) {
  ConfigFiles files;
  const auto config = files.Load(Sources({Simulator("SIM_KEY")}));
  const auto elsewhere = files.Load("accounts:\n- id: other\n  sources:\n  - id: another\n    " +
                                    Simulator("SIM_KEY") + "\n");
  ASSERT_TRUE(config && elsewhere);

  EXPECT_THAT(Pools(config), Each(MatchesRegex("pool-[0-9a-f]{16}")));
  EXPECT_EQ(Pools(config), Pools(elsewhere));
}

// Whoever is told the pool could confirm a guess of names, key ids and addresses, were it a hash of
// those alone.
TEST(SharedCredentialsTest, M132_TheDefaultPoolCannotBeGuessedWithoutTheSecret) {
  ConfigFiles files;
  const std::string yaml = Sources({Polymarket("https://api.polymarket.us"), Simulator("SIM_KEY")});
  const auto config = files.Load(yaml);
  files.SetEnv("PM_SECRET", "nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=");
  files.SetEnv("SIM_KEY", "ps_live_other");
  const auto with_other_secrets = files.Load(yaml);
  ASSERT_TRUE(config && with_other_secrets);

  EXPECT_NE(Pools(config)[0], Pools(with_other_secrets)[0]);
  EXPECT_NE(Pools(config)[1], Pools(with_other_secrets)[1]);
}

TEST(SharedCredentialsTest, StatedPoolHoldsForAllWithTheCredential) {
  const auto config = ConfigFiles().Load(
      Sources({Simulator("SIM_KEY"), Simulator("SIM_KEY") + "\n    pool: wallet-7"}));

  ASSERT_TRUE(config);
  EXPECT_THAT(Pools(config), ElementsAre("wallet-7", "wallet-7"));
}

// A server in plaintext without callers.
const InForce kPlain{"127.0.0.1:0", std::nullopt, false};

constexpr const char* kTwoPools =
    "pool: is another one than that of accounts[0].sources[0], which uses the same credential, so "
    "its money would be counted twice; state the same pool in both, or in one of them only";

TEST(SharedCredentialsTest, M130_OneCredentialWithTwoStatedPoolsIsRefused) {
  const std::string yaml = Sources({Simulator("SIM_KEY") + "\n    pool: a",
                                    Simulator("SIM_KEY") + "\n    pool: b", Simulator("SIM_KEY")}) +
                           "- id: desk-2\n  sources:\n  - id: s0\n    " + Simulator("SIM_KEY") +
                           "\n    pool: c\n";
  const auto issues =
      ElementsAre(std::string("config.yaml:9: accounts[0].sources[1].") + kTwoPools,
                  std::string("config.yaml:16: accounts[1].sources[0].") + kTwoPools);

  EXPECT_THAT(ConfigFiles().Problems(yaml), issues);
  EXPECT_THAT(ConfigFiles().ProblemsOfReload(yaml, kPlain), issues);
}

TEST(SharedCredentialsTest, M130_OneKeyIdWithTwoSecretsIsRefused) {
  ConfigFiles files;
  files.SetEnv("PM_SECRET_2", "nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=");
  const std::string polymarket = Polymarket("https://api.polymarket.us");
  std::string with_other_secret = polymarket;
  with_other_secret.replace(with_other_secret.find("PM_SECRET"), 9, "PM_SECRET_2");

  EXPECT_THAT(files.Problems(Sources({polymarket}) + "- id: desk-2\n  sources:\n  - id: s0\n    " +
                             with_other_secret + "\n"),
              ElementsAre("config.yaml:9: accounts[1].sources[0].polymarket_us.secret_key: differs "
                          "from that of accounts[0].sources[0], which has the same key_id; store "
                          "the secret key that Polymarket US showed with this key_id in both"));
}

TEST(SharedCredentialsTest, M131_OnePoolOverTwoVenuesIsRefused) {
  const std::string yaml =
      Sources({Polymarket("http://127.0.0.1:1") + "\n    fund_class: SIMULATED_MONEY\n    pool: p",
               Simulator("SIM_KEY") + "\n    pool: p"});
  const auto issue = ElementsAre(
      "config.yaml:10: accounts[0].sources[1].pool: shares its pool with "
      "accounts[0].sources[0], which is read at another venue, so the total would jump "
      "between two balances; use a pool of its own");

  EXPECT_THAT(ConfigFiles().Problems(yaml), issue);
  EXPECT_THAT(ConfigFiles().ProblemsOfReload(yaml, kPlain), issue);
}

TEST(SharedCredentialsTest, M131_OnePoolAtTwoAddressesIsRefused) {
  ConfigFiles files;
  files.SetEnv("OTHER_KEY", "ps_live_other");
  const std::string at_staging =
      "polysimulator: {base_url: 'https://staging-api.polysimulator.com', api_key: {env: ";

  EXPECT_THAT(files.Problems(Sources({Simulator("SIM_KEY") + "\n    pool: p",
                                      at_staging + "OTHER_KEY}}\n    pool: p"})),
              ElementsAre("config.yaml:9: accounts[0].sources[1].pool: shares its pool with "
                          "accounts[0].sources[0], which is read at another base_url, so the total "
                          "would jump between two balances; use a pool of its own, or the same "
                          "base_url in both"));
  EXPECT_THAT(
      files.Problems(Sources({Simulator("SIM_KEY"), at_staging + "SIM_KEY}}"})),
      ElementsAre("config.yaml:7: accounts[0].sources[1].polysimulator.base_url: shares its pool "
                  "with accounts[0].sources[0], which is read at another base_url, so the total "
                  "would jump between two balances; give both the same base_url: they use one "
                  "credential"));
}

TEST(SharedCredentialsTest, OneAddressInTwoSpellingsIsOne) {
  EXPECT_THAT(ConfigFiles().Problems(Sources(
                  {Simulator("SIM_KEY"),
                   "polysimulator: {base_url: 'https://API.polysimulator.com:443/v1/', api_key: "
                   "{env: SIM_KEY}}"})),
              testing::IsEmpty());
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
