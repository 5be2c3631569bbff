#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <variant>

#include "service/config/settings.h"
#include "tests/unit/config/config_files.h"

namespace balance {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

const std::string kGood = kOneSource;

// `%` stands for the directory of the secrets.
constexpr const char* kExample = R"(listen: 127.0.0.1:50051
admin_listen: 127.0.0.1:9464
accounts:
- id: desk-1
  sources:
  - id: polymarket-us
    polymarket_us:
      base_url: https://api.polymarket.us
      key_id: {env: POLYMARKET_KEY_ID}
      secret_key: {file: %/polymarket-us-secret}
  - id: polysimulator
    polysimulator:
      base_url: https://api.polysimulator.com
      api_key: {file: %/polysimulator-key}
    cache: {ttl: 3s}            # any cache or upstream setting can be overridden per source
cache: {ttl: 2s, stale_while_revalidate: 5s, max_stale: 60s, min_refresh_interval: 0.5s}
upstream: {attempt_timeout: 3s, refresh_budget: 5s, requests_per_second: 2, burst: 2}
)";

std::string Example(const ConfigFiles& files) {
  std::string yaml = kExample;
  for (auto at = yaml.find('%'); at != std::string::npos; at = yaml.find('%')) {
    yaml.replace(at, 1, files.PathOf("."));
  }
  return yaml;
}

TEST(LoadConfigTest, DocumentedExampleLoads) {
  ConfigFiles files;
  files.SetEnv("POLYMARKET_KEY_ID", kKeyId);
  files.Write("polymarket-us-secret", kSecretKey);
  files.Write("polysimulator-key", kApiKey);

  const auto config = files.Load(Example(files));

  ASSERT_TRUE(config) << config.error().front().ToString();
  ASSERT_EQ(config->accounts.size(), 1U);
  const AccountConfig& account = config->accounts.front();
  EXPECT_EQ(account.id, "desk-1");
  ASSERT_EQ(account.sources.size(), 2U);
  EXPECT_EQ(account.sources[0].info.account, "desk-1");
  EXPECT_EQ(account.sources[0].info.source, "polymarket-us");
  EXPECT_EQ(account.sources[0].info.pool, "pool-7ab393e5c09b19d7");
  EXPECT_EQ(account.sources[0].info.cache, DefaultCache());
  EXPECT_EQ(account.sources[1].info.source, "polysimulator");
  EXPECT_EQ(account.sources[1].info.cache.ttl, seconds(3));
  EXPECT_EQ(account.sources[1].info.cache.max_stale, seconds(60));
}

TEST(LoadConfigTest, DocumentedExampleWithoutItsSecretsNamesBoth) {
  const ConfigFiles files;
  EXPECT_THAT(files.Problems(Example(files)),
              ElementsAre("config.yaml:9: accounts[0].sources[0].polymarket_us.key_id: the "
                          "environment variable POLYMARKET_KEY_ID is not set; set it for the "
                          "server, or write {file: PATH}",
                          "config.yaml:10: accounts[0].sources[0].polymarket_us.secret_key: the "
                          "file ./polymarket-us-secret cannot be read: No such file or directory; "
                          "name a readable file that holds nothing but the secret",
                          "config.yaml:14: accounts[0].sources[1].polysimulator.api_key: the file "
                          "./polysimulator-key cannot be read: No such file or directory; name a "
                          "readable file that holds nothing but the secret"));
}

TEST(LoadConfigTest, LeastFileGetsAllDefaults) {
  const auto config = ConfigFiles().Load(kGood);

  ASSERT_TRUE(config);
  EXPECT_EQ(config->listen, "127.0.0.1:50051");
  EXPECT_EQ(config->admin_listen, "127.0.0.1:9464");
  EXPECT_EQ(config->server.drain_delay, seconds(10));
  const SourceConfig& source = config->accounts[0].sources[0];
  EXPECT_EQ(source.info.cache,
            (CacheSettings{seconds(2), seconds(5), seconds(60), milliseconds(500)}));
  EXPECT_EQ(source.upstream.attempt_timeout, seconds(3));
  EXPECT_EQ(source.upstream.refresh_budget, seconds(5));
  EXPECT_EQ(source.upstream.rate, (RateSettings{2, 2}));
  EXPECT_EQ(source.upstream.tls_ca_file, "");
  EXPECT_EQ(source.login.base_url.ToString(), "https://api.polysimulator.com");
}

TEST(LoadConfigTest, ListenMustBeHostAndPort) {
  EXPECT_THAT(ConfigFiles().Problems(kGood + "listen: 50051\nadmin_listen: ':9464'\n"),
              ElementsAre("config.yaml:6: listen: is not host:port; write it such as "
                          "127.0.0.1:50051",
                          "config.yaml:7: admin_listen: is not host:port; write it such as "
                          "127.0.0.1:9464"));
}

TEST(LoadConfigTest, ListenOffLoopbackNeedsConsent) {
  const ConfigFiles files;
  constexpr const char* kIssue =
      "config.yaml:6: listen: is off loopback, where the server speaks plaintext to everybody; "
      "listen on 127.0.0.1, or set tls or allow_insecure: true in the configuration file";

  EXPECT_THAT(files.Problems(kGood + "listen: 0.0.0.0:1\n"), ElementsAre(kIssue));
  EXPECT_THAT(files.Problems(kGood + "listen: 0.0.0.0:1\nallow_insecure: false\n"),
              ElementsAre(kIssue));
  EXPECT_THAT(files.Problems(kGood + "listen: 0.0.0.0:1\nallow_insecure: true\n"), IsEmpty());
  EXPECT_THAT(files.Problems(kGood + "listen: '[::1]:1'\n"), IsEmpty());
}

TEST(LoadConfigTest, AdminOffLoopbackNeedsNoConsent) {
  EXPECT_THAT(ConfigFiles().Problems(kGood + "admin_listen: 0.0.0.0:9464\n"), IsEmpty());
}

TEST(LoadConfigTest, MisspelledConsentIsTheOnlyProblem) {
  EXPECT_THAT(ConfigFiles().Problems(kGood + "listen: 0.0.0.0:1\nallow-insecure: true\n"),
              ElementsAre("config.yaml:7: allow-insecure: unknown key; did you mean "
                          "allow_insecure?"));
}

TEST(LoadConfigTest, M137_OneAddressForBothServersIsRefused) {
  const ConfigFiles files;
  EXPECT_THAT(files.Problems("listen: 127.0.0.1:9000\nadmin_listen: localhost:9000\n" +
                             std::string(kOneSource)),
              ElementsAre("config.yaml:2: admin_listen: is the address of listen; give the two "
                          "different ports"));
  EXPECT_THAT(files.Problems("listen: 127.0.0.1:9464\n" + std::string(kOneSource)),
              ElementsAre("config.yaml:1: listen: is the address of admin_listen; give the two "
                          "different ports"));
  EXPECT_THAT(
      files.Problems("listen: 127.0.0.1:0\nadmin_listen: 127.0.0.1:0\n" + std::string(kOneSource)),
      IsEmpty());
}

}  // namespace
}  // namespace balance
