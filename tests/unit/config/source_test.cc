#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <variant>

#include "clients/polymarket_us/venue.h"
#include "clients/polysimulator/venue.h"
#include "tests/unit/config/config_files.h"

namespace balance {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

std::string WithSource(const std::string& lines) {
  return "accounts:\n"
         "- id: desk-1\n"
         "  sources:\n"
         "  - id: one\n" +
         lines;
}

std::string PolymarketAt(const std::string& base_url, const std::string& fund_class = "") {
  return WithSource("    polymarket_us: {base_url: '" + base_url +
                    "', key_id: {env: PM_ID}, secret_key: {env: PM_SECRET}}\n" + fund_class);
}

std::string SimulatorAt(const std::string& base_url) {
  return WithSource("    polysimulator: {base_url: '" + base_url + "', api_key: {env: SIM_KEY}}\n");
}

TEST(SourceTest, NoAccounts) {
  EXPECT_THAT(ConfigFiles().Problems("listen: 127.0.0.1:0\n"),
              ElementsAre("config.yaml: accounts: has no entry; add an account with a source"));
  EXPECT_THAT(ConfigFiles().Problems("listen: 127.0.0.1:0\naccounts: []\n"),
              ElementsAre("config.yaml:2: accounts: has no entry; add an account with a source"));
}

TEST(SourceTest, NoSources) {
  EXPECT_THAT(ConfigFiles().Problems("accounts:\n- id: desk-1\n"),
              ElementsAre("config.yaml:2: accounts[0].sources: has no entry; add a source with "
                          "polymarket_us or polysimulator"));
}

TEST(SourceTest, MissingIds) {
  EXPECT_THAT(ConfigFiles().Problems("accounts:\n"
                                     "- sources:\n"
                                     "  - polysimulator: {api_key: {env: SIM_KEY}}\n"),
              ElementsAre("config.yaml:2: accounts[0].id: is missing; add an id, such as desk-1",
                          "config.yaml:3: accounts[0].sources[0].id: is missing; add an id, such "
                          "as desk-1"));
}

TEST(SourceTest, BadSourceId) {
  EXPECT_THAT(ConfigFiles().Problems("accounts:\n"
                                     "- id: desk-1\n"
                                     "  sources:\n"
                                     "  - id: Sim_1\n"
                                     "    polysimulator: {api_key: {env: SIM_KEY}}\n"),
              ElementsAre("config.yaml:4: accounts[0].sources[0].id: is not an id; use at most 63 "
                          "lower-case letters, digits and hyphens inside"));
}

TEST(SourceTest, DuplicateAccountId) {
  EXPECT_THAT(ConfigFiles().Problems(std::string(kOneSource) +
                                     "- id: desk-1\n"
                                     "  sources:\n"
                                     "  - id: sim\n"
                                     "    polysimulator: {api_key: {env: SIM_KEY}}\n"),
              ElementsAre("config.yaml:6: accounts[1].id: \"desk-1\" is used twice, first on line "
                          "2; choose another id"));
}

TEST(SourceTest, DuplicateSourceId) {
  EXPECT_THAT(ConfigFiles().Problems(std::string(kOneSource) +
                                     "  - id: sim\n"
                                     "    polysimulator: {api_key: {env: SIM_KEY}}\n"),
              ElementsAre("config.yaml:6: accounts[0].sources[1].id: \"sim\" is used twice, first "
                          "on line 4; choose another id"));
}

TEST(SourceTest, DuplicateIdOfASourceWithoutAVenue) {
  EXPECT_THAT(ConfigFiles().Problems(std::string(kOneSource) + "  - id: sim\n"),
              UnorderedElementsAre(
                  "config.yaml:6: accounts[0].sources[1]: names no venue; add polymarket_us or "
                  "polysimulator",
                  "config.yaml:6: accounts[0].sources[1].id: \"sim\" is used twice, first on line "
                  "4; choose another id"));
}

TEST(SourceTest, SameSourceIdInTwoAccountsIsFine) {
  EXPECT_THAT(ConfigFiles().Problems(std::string(kOneSource) +
                                     "- id: desk-2\n"
                                     "  sources:\n"
                                     "  - id: sim\n"
                                     "    polysimulator: {api_key: {env: SIM_KEY}}\n"),
              IsEmpty());
}

TEST(SourceTest, NoVenue) {
  EXPECT_THAT(ConfigFiles().Problems(WithSource("")),
              ElementsAre("config.yaml:4: accounts[0].sources[0]: names no venue; add "
                          "polymarket_us or polysimulator"));
}

TEST(SourceTest, MisspelledVenueIsNotAlsoMissing) {
  EXPECT_THAT(ConfigFiles().Problems(WithSource("    polymarket-us: {}\n")),
              ElementsAre("config.yaml:5: accounts[0].sources[0].polymarket-us: unknown key; did "
                          "you mean polymarket_us?"));
}

TEST(SourceTest, UnusableBaseUrls) {
  const ConfigFiles files;
  const std::string at = "config.yaml:5: accounts[0].sources[0].polymarket_us.base_url: ";

  EXPECT_THAT(
      files.Problems(PolymarketAt("api.polymarket.us")),
      ElementsAre(at + "does not begin with https://, or http:// on loopback; write it such "
                       "as https://api.polymarket.us"));
  EXPECT_THAT(files.Problems(PolymarketAt("http://api.polymarket.us")),
              ElementsAre(at + "is plain http off loopback, where keys could be read on the way; "
                               "use https"));
  EXPECT_THAT(files.Problems(PolymarketAt("https://user:word@api.polymarket.us")),
              ElementsAre(at + "holds user info; credentials have fields of their own"));
  EXPECT_THAT(
      files.Problems(PolymarketAt("")),
      ElementsAre(at + "does not begin with https://, or http:// on loopback; write it such "
                       "as https://api.polymarket.us"));
}

// The client's paths begin with /v1.
TEST(SourceTest, PolymarketBaseUrlThatEndsInTheVersion) {
  const ConfigFiles files;
  for (const char* url : {"https://api.polymarket.us/v1", "https://api.polymarket.us/proxy/v1/"}) {
    EXPECT_THAT(files.Problems(PolymarketAt(url)),
                ElementsAre("config.yaml:5: accounts[0].sources[0].polymarket_us.base_url: ends in "
                            "/v1, which the service adds itself; leave /v1 out"));
  }
  EXPECT_THAT(files.Problems(PolymarketAt("https://api.polymarket.us/v1/proxy")), IsEmpty());
  EXPECT_THAT(files.Problems(PolymarketAt("https://api.polymarket.us/tv1")), IsEmpty());
}

// Whoever copies the address of the documentation's example copies the route too.
TEST(SourceTest, M137_BaseUrlsThatEndInTheRouteAreRefused) {
  const ConfigFiles files;
  const auto issue = [](const char* venue, const std::string& part) {
    return ElementsAre(std::string("config.yaml:5: accounts[0].sources[0].") + venue +
                       ".base_url: ends in " + part + ", which the service adds itself; leave " +
                       part + " out");
  };
  for (const std::string part :
       {"/v1", "/v1/account", "/v1/account/balances", "/account/balances"}) {
    EXPECT_THAT(files.Problems(PolymarketAt("https://api.polymarket.us" + part)),
                issue("polymarket_us", part));
    EXPECT_THAT(files.Problems(PolymarketAt("https://api.polymarket.us/proxy" + part + "/")),
                issue("polymarket_us", part));
  }
  for (const std::string part : {"/v1/account", "/v1/account/balance", "/account/balance"}) {
    EXPECT_THAT(files.Problems(SimulatorAt("https://api.polysimulator.com" + part)),
                issue("polysimulator", part));
  }
  EXPECT_THAT(files.Problems(SimulatorAt("https://api.polysimulator.com/v1/account/balances")),
              IsEmpty());
}

TEST(SourceTest, ASecretKeyThatIsItsSeedTwiceIsAWarning) {
  ConfigFiles files;
  // Bytes 00 to 1f, twice.
  files.SetEnv(
      "PM_SECRET",
      "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8AAQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0e"
      "Hw==");
  const auto config = files.Load(PolymarketAt("https://api.polymarket.us"));

  ASSERT_TRUE(config) << config.error().front().ToString();
  ASSERT_EQ(config->warnings.size(), 1U);
  EXPECT_EQ(config->warnings.front().line, 5);
  EXPECT_THAT(
      config->warnings.front().ToString(),
      HasSubstr("polymarket_us.secret_key: holds its seed twice, instead of seed and public "
                "key; store the secret key as Polymarket US shows it"));
}

TEST(SourceTest, M136_ASecretKeyWhosePublicHalfDoesNotFitIsRefused) {
  ConfigFiles files;
  // Bytes 00 to 1f, then zeros.
  files.SetEnv(
      "PM_SECRET",
      "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
      "AA==");

  EXPECT_THAT(
      files.Problems(PolymarketAt("https://api.polymarket.us")),
      ElementsAre("config.yaml:5: accounts[0].sources[0].polymarket_us.secret_key: holds 64 "
                  "bytes of which the second half is not the public key of the first; store "
                  "the secret key as Polymarket US shows it"));
}

TEST(SourceTest, ProductionIsRealMoney) {
  for (const char* url : {"https://api.polymarket.us", "https://API.polymarket.us:443/"}) {
    const auto config = ConfigFiles().Load(PolymarketAt(url));

    ASSERT_TRUE(config) << url;
    const SourceInfo& info = config->accounts[0].sources[0].info;
    EXPECT_EQ(info.kind, polymarket_us::kKind);
    EXPECT_EQ(info.fund_class, FundClass::kRealMoney);
    EXPECT_THAT(info.measures, ElementsAre(Measure::kCash, Measure::kAvailableToTrade));
  }
}

TEST(SourceTest, ProductionIsNeverSimulatedMoney) {
  for (const char* url : {"https://api.polymarket.us", "https://API.polymarket.us.:443/proxy"}) {
    EXPECT_THAT(
        ConfigFiles().Problems(PolymarketAt(url, "    fund_class: SIMULATED_MONEY\n")),
        ElementsAre("config.yaml:6: accounts[0].sources[0].fund_class: the production Polymarket "
                    "US is never SIMULATED_MONEY; remove it, or write REAL_MONEY"))
        << url;
  }
}

TEST(SourceTest, AMisspelledBaseUrlIsNotTakenForTheProductionOne) {
  EXPECT_THAT(ConfigFiles().Problems(WithSource(
                  "    polymarket_us: {baseurl: 'http://127.0.0.1:1', key_id: {env: PM_ID}, "
                  "secret_key: {env: PM_SECRET}}\n"
                  "    fund_class: SIMULATED_MONEY\n")),
              ElementsAre("config.yaml:5: accounts[0].sources[0].polymarket_us.baseurl: unknown "
                          "key; did you mean base_url?"));
}

TEST(SourceTest, AWrongPathDoesNotHideAWrongFundClass) {
  EXPECT_THAT(ConfigFiles().Problems(PolymarketAt("https://api.polymarket.us/v1",
                                                  "    fund_class: SIMULATED_MONEY\n")),
              ElementsAre(HasSubstr("base_url: ends in /v1"), HasSubstr("never SIMULATED_MONEY")));
}

TEST(SourceTest, OtherPolymarketMustStateItsFundClass) {
  EXPECT_THAT(ConfigFiles().Problems(PolymarketAt("http://127.0.0.1:8080")),
              ElementsAre("config.yaml:4: accounts[0].sources[0].fund_class: is missing, although "
                          "base_url is not the production one; set it to REAL_MONEY or "
                          "SIMULATED_MONEY"));
}

TEST(SourceTest, StatedFundClassIsTaken) {
  const ConfigFiles files;

  const auto simulated =
      files.Load(PolymarketAt("http://127.0.0.1:1", "    fund_class: SIMULATED_MONEY\n"));
  const auto real = files.Load(PolymarketAt("http://127.0.0.1:1", "    fund_class: REAL_MONEY\n"));

  ASSERT_TRUE(simulated && real);
  EXPECT_EQ(simulated->accounts[0].sources[0].info.fund_class, FundClass::kSimulatedMoney);
  EXPECT_EQ(real->accounts[0].sources[0].info.fund_class, FundClass::kRealMoney);
}

TEST(SourceTest, PolySimulatorIsSimulatedMoney) {
  const auto config = ConfigFiles().Load(SimulatorAt("https://api.polysimulator.com/v1/"));

  ASSERT_TRUE(config);
  const SourceConfig& source = config->accounts[0].sources[0];
  EXPECT_EQ(source.info.kind, polysimulator::kKind);
  EXPECT_EQ(source.info.fund_class, FundClass::kSimulatedMoney);
  EXPECT_THAT(source.info.measures,
              ElementsAre(Measure::kCash, Measure::kAvailableToTrade, Measure::kEquity));
  EXPECT_EQ(source.login.base_url.ToString(), "https://api.polysimulator.com");
}

TEST(SourceTest, PolySimulatorIsNeverRealMoney) {
  EXPECT_THAT(
      ConfigFiles().Problems(std::string(kOneSource) + "    fund_class: REAL_MONEY\n"),
      ElementsAre("config.yaml:6: accounts[0].sources[0].fund_class: PolySimulator is never "
                  "REAL_MONEY; remove it, or write SIMULATED_MONEY"));
}

TEST(SourceTest, BadPool) {
  const ConfigFiles files;
  for (const char* pool : {"''", "'a b'", "\"a\\nb\""}) {
    EXPECT_THAT(files.Problems(std::string(kOneSource) + "    pool: " + pool + "\n"),
                ElementsAre("config.yaml:6: accounts[0].sources[0].pool: is not a name; write 1 to "
                            "200 printable ASCII characters without spaces"));
  }
}

TEST(SourceTest, M137_APoolThatIsAPlaceholderIsRefused) {
  EXPECT_THAT(
      ConfigFiles().Problems(std::string(kOneSource) + "    pool: ${POOL}\n"),
      ElementsAre("config.yaml:6: accounts[0].sources[0].pool: is a placeholder that nobody "
                  "has filled in; write the name itself"));
}

}  // namespace
}  // namespace balance
