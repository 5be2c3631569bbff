#include "service/config/print_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/config/config_files.h"

namespace balance {
namespace {

using testing::HasSubstr;
using testing::Not;

// Replaces the masks in the order of their appearance.
std::string Unmasked(std::string yaml, const std::vector<std::string>& secrets) {
  const std::string mask = "{value: \"***\"}";
  for (const std::string& secret : secrets) {
    const auto at = yaml.find(mask);
    if (at == std::string::npos) return "too few masks";
    yaml.replace(at, mask.size(), "{value: \"" + secret + "\"}");
  }
  return yaml;
}

std::string Everything(const ConfigFiles& files) {
  const std::string ca = files.Write("ca.pem", "-----BEGIN CERTIFICATE-----\n");
  return "listen: '[::]:0'\n"
         "admin_listen: 127.0.0.1:0\n"
         "allow_insecure: true\n"
         "server: {drain_delay: 0s, max_connection_age: 45.5s, max_answer_size: 100000, "
         "engine: GRPC, max_connection_memory: 33554432, "
         "max_watch_age: 90s, max_watchers: 7, max_watchers_per_caller: 3, "
         "max_watched_accounts: 50, max_watched_accounts_per_caller: 40}\n"
         "log: {format: JSON}\n"
         "accounts:\n"
         "- id: 'null'\n"
         "  sources:\n"
         "  - id: pm\n"
         "    fund_class: SIMULATED_MONEY\n"
         "    polymarket_us:\n"
         "      base_url: http://127.0.0.1:8080/pm\n"
         "      key_id: {env: PM_ID}\n"
         "      secret_key: {env: PM_SECRET}\n"
         "    cache: {ttl: 0.75s, min_refresh_interval: 0.000000001s}\n"
         "    push: {enabled: true, poll_interval: 90s}\n"
         "  - id: '123'\n"
         "    pool: 'x:{#'\n"
         "    polysimulator: {api_key: {env: SIM_KEY}}\n"
         "    upstream: {requests_per_second: 0.1, burst: 1, tls_ca_file: '" +
         ca + "'}\n";
}

TEST(PrintConfigTest, FillsInDefaults) {
  const auto config = ConfigFiles().Load(kOneSource);
  ASSERT_TRUE(config);

  EXPECT_EQ(PrintConfig(*config),
            R"(# The configuration in force. Secrets are masked: *** stands for each.
listen: 127.0.0.1:50051
admin_listen: 127.0.0.1:9464
server:
  drain_delay: 10s
  max_connection_age: 300s
  max_answer_size: 4194304
  reflection: true
  max_connection_memory: 67108864
  engine: NGHTTP2
  max_watch_age: 1800s
  max_watchers: 10000
  max_watchers_per_caller: 1000
  max_watched_accounts: 200000
  max_watched_accounts_per_caller: 100000
log:
  format: TEXT
accounts:
- id: desk-1
  sources:
  - id: sim
    pool: pool-37a55687b12023ab
    fund_class: SIMULATED_MONEY
    polysimulator:
      base_url: https://api.polysimulator.com
      api_key: {value: "***"}
    cache:
      ttl: 2s
      stale_while_revalidate: 5s
      max_stale: 60s
      min_refresh_interval: 0.5s
    upstream:
      attempt_timeout: 3s
      refresh_budget: 5s
      requests_per_second: 2
      burst: 2
    push:
      enabled: false
)");
}

TEST(PrintConfigTest, LoadsAgainWhenTheMasksAreReplaced) {
  const ConfigFiles files;
  const std::string yaml = Everything(files);
  const auto config = files.Load(yaml);
  ASSERT_TRUE(config) << config.error().front().ToString();
  const std::string printed = PrintConfig(*config);

  const auto again = files.Load(Unmasked(printed, {kKeyId, kSecretKey, kApiKey}));

  ASSERT_TRUE(again) << again.error().front().ToString();
  EXPECT_EQ(PrintConfig(*again), printed);
  const SourceConfig& source = again->accounts[0].sources[0];
  EXPECT_EQ(again->accounts[0].id, "null");
  EXPECT_EQ(source.info.cache, config->accounts[0].sources[0].info.cache);
  EXPECT_EQ(source.info.push, (PushSettings{true, std::chrono::seconds(90)}));
  EXPECT_EQ(again->accounts[0].sources[1].info.pool, "x:{#");
  EXPECT_EQ(again->accounts[0].sources[1].upstream.rate, (RateSettings{0.1, 1}));
}

TEST(PrintConfigTest, MasksEverySecret) {
  const auto config = ConfigFiles().Load(
      "accounts:\n"
      "- id: desk-1\n"
      "  sources:\n"
      "  - id: pm\n"
      "    polymarket_us: {key_id: {env: PM_ID}, secret_key: {env: PM_SECRET}}\n"
      "  - id: sim\n"
      "    polysimulator: {api_key: {env: SIM_KEY}}\n");
  ASSERT_TRUE(config);

  const std::string printed = PrintConfig(*config);

  EXPECT_THAT(printed, HasSubstr("key_id: {value: \"***\"}"));
  EXPECT_THAT(printed, HasSubstr("secret_key: {value: \"***\"}"));
  for (const char* secret : {kApiKey, kKeyId, kSecretKey}) {
    EXPECT_THAT(printed, Not(HasSubstr(secret)));
  }
}

}  // namespace
}  // namespace balance
