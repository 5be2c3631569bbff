#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <variant>

#include "service/config/settings.h"
#include "service/server/venues.h"
#include "tests/unit/config/config_files.h"

namespace balance {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

class EnvironmentConfigTest : public testing::Test {
 protected:
  EnvironmentConfigTest() { files_.ClearEnv(); }

  void SetPolymarket() {
    files_.SetEnv("POLYMARKET_KEY_ID", kKeyId);
    files_.SetEnv("POLYMARKET_SECRET_KEY", kSecretKey);
  }
  void SetSimulator() { files_.SetEnv("POLYSIM_API_KEY", kApiKey); }
  ConfigResult Load() const { return ConfigFromEnvironment(files_.Env(), AllVenues()); }

  ConfigFiles files_;
};

TEST_F(EnvironmentConfigTest, BothSources) {
  SetPolymarket();
  SetSimulator();

  const auto config = Load();

  ASSERT_TRUE(config) << config.error().front().ToString();
  EXPECT_EQ(config->listen, "127.0.0.1:50051");
  EXPECT_EQ(config->server.drain_delay, seconds(10));
  ASSERT_EQ(config->accounts.size(), 1U);
  EXPECT_EQ(config->accounts[0].id, "default");
  const auto& sources = config->accounts[0].sources;
  ASSERT_EQ(sources.size(), 2U);
  EXPECT_EQ(sources[0].info.source, "polymarket-us");
  EXPECT_EQ(sources[0].info.fund_class, FundClass::kRealMoney);
  EXPECT_EQ(sources[0].info.cache, DefaultCache());
  EXPECT_EQ(sources[0].login.key_id, kKeyId);
  EXPECT_EQ(sources[1].info.source, "polysimulator");
  EXPECT_EQ(sources[1].info.fund_class, FundClass::kSimulatedMoney);
  EXPECT_EQ(sources[1].login.secret->Expose(), kApiKey);
}

TEST_F(EnvironmentConfigTest, PolymarketAlone) {
  SetPolymarket();

  const auto config = Load();

  ASSERT_TRUE(config);
  ASSERT_EQ(config->accounts[0].sources.size(), 1U);
  EXPECT_EQ(config->accounts[0].sources[0].info.source, "polymarket-us");
}

TEST_F(EnvironmentConfigTest, PolySimulatorAlone) {
  SetSimulator();

  const auto config = Load();

  ASSERT_TRUE(config);
  ASSERT_EQ(config->accounts[0].sources.size(), 1U);
  EXPECT_EQ(config->accounts[0].sources[0].info.source, "polysimulator");
}

TEST_F(EnvironmentConfigTest, EmptyVariableCountsAsUnset) {
  SetSimulator();
  files_.SetEnv("POLYMARKET_KEY_ID", "");
  files_.SetEnv("POLYMARKET_SECRET_KEY", "");
  files_.SetEnv("POLYSIM_BASE_URL", "");

  EXPECT_TRUE(Load());
}

TEST_F(EnvironmentConfigTest, NothingSetShowsBothWays) {
  EXPECT_THAT(files_.ProblemsOfEnvironment(),
              ElementsAre("environment: no credentials are set; start with --config FILE, or set "
                          "POLYMARKET_KEY_ID and POLYMARKET_SECRET_KEY, or POLYSIM_API_KEY, or all "
                          "three"));
}

TEST_F(EnvironmentConfigTest, HalfAPolymarketKeyIsAnError) {
  files_.SetEnv("POLYMARKET_KEY_ID", kKeyId);
  EXPECT_THAT(files_.ProblemsOfEnvironment(),
              ElementsAre("environment: POLYMARKET_SECRET_KEY: is not set, although the other half "
                          "of the Polymarket US key is; set both POLYMARKET_KEY_ID and "
                          "POLYMARKET_SECRET_KEY, or neither"));

  files_.ClearEnv();
  SetSimulator();
  files_.SetEnv("POLYMARKET_SECRET_KEY", kSecretKey);
  EXPECT_THAT(files_.ProblemsOfEnvironment(),
              ElementsAre("environment: POLYMARKET_KEY_ID: is not set, although the other half of "
                          "the Polymarket US key is; set both POLYMARKET_KEY_ID and "
                          "POLYMARKET_SECRET_KEY, or neither"));
}

TEST_F(EnvironmentConfigTest, OtherBaseUrls) {
  SetPolymarket();
  SetSimulator();
  files_.SetEnv("POLYMARKET_BASE_URL", "http://127.0.0.1:8081/pm");
  files_.SetEnv("POLYMARKET_FUND_CLASS", "SIMULATED_MONEY");
  files_.SetEnv("POLYSIM_BASE_URL", "http://127.0.0.1:8082/v1");

  const auto config = Load();

  ASSERT_TRUE(config) << config.error().front().ToString();
  const auto& sources = config->accounts[0].sources;
  EXPECT_EQ(sources[0].info.fund_class, FundClass::kSimulatedMoney);
  EXPECT_EQ(sources[0].login.base_url.ToString(), "http://127.0.0.1:8081/pm");
  EXPECT_EQ(sources[1].login.base_url.ToString(), "http://127.0.0.1:8082");
}

TEST_F(EnvironmentConfigTest, OtherPolymarketMustStateItsFundClass) {
  SetPolymarket();
  files_.SetEnv("POLYMARKET_BASE_URL", "http://127.0.0.1:8081");

  EXPECT_THAT(
      files_.ProblemsOfEnvironment(),
      ElementsAre("environment: POLYMARKET_FUND_CLASS: is missing, although base_url is not "
                  "the production one; set it to REAL_MONEY or SIMULATED_MONEY"));
}

TEST_F(EnvironmentConfigTest, UnknownFundClass) {
  SetPolymarket();
  for (const char* word : {"REAL", "FUND_CLASS_UNSPECIFIED"}) {
    files_.SetEnv("POLYMARKET_FUND_CLASS", word);
    EXPECT_THAT(files_.ProblemsOfEnvironment(),
                ElementsAre("environment: POLYMARKET_FUND_CLASS: is not a fund class; set it to "
                            "REAL_MONEY or SIMULATED_MONEY"));
  }
}

TEST_F(EnvironmentConfigTest, BadCredentialsNameTheirVariables) {
  files_.SetEnv("POLYMARKET_KEY_ID", "two words");
  files_.SetEnv("POLYMARKET_SECRET_KEY", "short");
  files_.SetEnv("POLYSIM_API_KEY", " ");

  EXPECT_THAT(
      files_.ProblemsOfEnvironment(),
      ElementsAre("environment: POLYMARKET_KEY_ID: the secret holds a space, a control or a "
                  "non-ASCII character; store nothing but the secret there, on one line",
                  "environment: POLYMARKET_SECRET_KEY: is not base64 of 32 or 64 bytes; "
                  "store the secret key as Polymarket US shows it",
                  "environment: POLYSIM_API_KEY: the secret is empty; store the secret "
                  "there"));
}

TEST_F(EnvironmentConfigTest, ServerSettings) {
  SetSimulator();
  files_.SetEnv("BALANCE_LISTEN", "127.0.0.1:0");
  files_.SetEnv("BALANCE_ADMIN_LISTEN", "[::1]:0");
  files_.SetEnv("BALANCE_DRAIN_DELAY", "0s");

  const auto config = Load();

  ASSERT_TRUE(config) << config.error().front().ToString();
  EXPECT_EQ(config->listen, "127.0.0.1:0");
  EXPECT_EQ(config->admin_listen, "[::1]:0");
  EXPECT_EQ(config->server.drain_delay, seconds(0));
}

TEST_F(EnvironmentConfigTest, BadServerSettings) {
  SetSimulator();
  files_.SetEnv("BALANCE_LISTEN", "0.0.0.0:1");
  files_.SetEnv("BALANCE_ADMIN_LISTEN", "9464");
  files_.SetEnv("BALANCE_DRAIN_DELAY", "10");

  EXPECT_THAT(
      files_.ProblemsOfEnvironment(),
      ElementsAre("environment: BALANCE_DRAIN_DELAY: is not a duration; write it with a unit, such "
                  "as 10s",
                  "environment: BALANCE_LISTEN: is off loopback, where the server speaks plaintext "
                  "to everybody; listen on 127.0.0.1, or set tls or allow_insecure: true in the "
                  "configuration file",
                  "environment: BALANCE_ADMIN_LISTEN: is not host:port; write it such as "
                  "127.0.0.1:9464"));
}

TEST_F(EnvironmentConfigTest, PushIsOfEverySource) {
  SetSimulator();
  EXPECT_FALSE(Load()->accounts[0].sources[0].info.push.enabled);
  files_.SetEnv("BALANCE_PUSH", "true");
  EXPECT_TRUE(Load()->accounts[0].sources[0].info.push.enabled);
  files_.SetEnv("BALANCE_PUSH", "false");
  EXPECT_FALSE(Load()->accounts[0].sources[0].info.push.enabled);
  files_.SetEnv("BALANCE_PUSH", "yes");
  EXPECT_THAT(files_.ProblemsOfEnvironment(),
              ElementsAre("environment: BALANCE_PUSH: is neither true nor false; set it to one of "
                          "them, or not at all"));
}

TEST_F(EnvironmentConfigTest, DrainDelayHasItsLimit) {
  SetSimulator();
  files_.SetEnv("BALANCE_DRAIN_DELAY", "601s");

  EXPECT_THAT(files_.ProblemsOfEnvironment(),
              ElementsAre("environment: BALANCE_DRAIN_DELAY: is above 600s; write at most 600s"));
}

}  // namespace
}  // namespace balance
