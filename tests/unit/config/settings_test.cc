#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/config/config_files.h"

namespace balance {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

const std::string kMinimal = kOneSource;

struct BadSetting {
  const char* yaml;
  const char* issue;
};

TEST(SettingsTest, ValuesOutOfRange) {
  const ConfigFiles files;
  const BadSetting cases[] = {
      {"cache: {ttl: 0s}", "cache.ttl: is not above zero; write more than 0s"},
      {"cache: {ttl: -2s}", "cache.ttl: is not above zero; write more than 0s"},
      {"cache: {ttl: -99999999999s}", "cache.ttl: is not above zero; write more than 0s"},
      {"cache: {ttl: 99999999999s}", "cache.ttl: is above 31536000s; write at most 31536000s"},
      {"cache: {stale_while_revalidate: -0.5s}",
       "cache.stale_while_revalidate: is negative; write 0s or more"},
      {"cache: {max_stale: -1s}", "cache.max_stale: is negative; write 0s or more"},
      {"cache: {min_refresh_interval: -1s}",
       "cache.min_refresh_interval: is negative; write 0s or more"},
      {"upstream: {attempt_timeout: 0s}",
       "upstream.attempt_timeout: is not above zero; write more than 0s"},
      {"upstream: {refresh_budget: 0s}",
       "upstream.refresh_budget: is not above zero; write more than 0s"},
      {"upstream: {requests_per_second: 0}",
       "upstream.requests_per_second: is out of range; write a number from 0.0001 to 1000"},
      {"upstream: {requests_per_second: 1e-12}",
       "upstream.requests_per_second: is out of range; write a number from 0.0001 to 1000"},
      {"upstream: {requests_per_second: 0.00009}",
       "upstream.requests_per_second: is out of range; write a number from 0.0001 to 1000"},
      {"upstream: {requests_per_second: 1000.5}",
       "upstream.requests_per_second: is out of range; write a number from 0.0001 to 1000"},
      {"upstream: {burst: 0}", "upstream.burst: is out of range; write a number from 1 to 1000"},
      {"upstream: {burst: 1001}", "upstream.burst: is out of range; write a number from 1 to 1000"},
      {"server: {drain_delay: -1s}", "server.drain_delay: is negative; write 0s or more"},
      {"server: {drain_delay: 600.5s}", "server.drain_delay: is above 600s; write at most 600s"},
      {"server: {max_connection_age: 29.9s}",
       "server.max_connection_age: is below 30s; write at least 30s"},
      {"server: {max_connection_age: 86401s}",
       "server.max_connection_age: is above 86400s; write at most 86400s"},
      {"server: {max_answer_size: 65535}",
       "server.max_answer_size: is out of range; write a number from 65536 to 33554432"},
      {"server: {max_connection_memory: 16777215}",
       "server.max_connection_memory: is out of range; write a number from 16777216 to 1073741824"},
      {"server: {max_watch_age: 0.5s}", "server.max_watch_age: is below 1s; write at least 1s"},
      {"server: {max_watch_age: 86401s}",
       "server.max_watch_age: is above 86400s; write at most 86400s"},
      {"server: {max_watchers: 0}",
       "server.max_watchers: is out of range; write a number from 1 to 1000000"},
      {"server: {max_watchers_per_caller: 1000001}",
       "server.max_watchers_per_caller: is out of range; write a number from 1 to 1000000"},
      {"server: {max_watched_accounts: 0}",
       "server.max_watched_accounts: is out of range; write a number from 1 to 100000000"},
      {"server: {max_watched_accounts_per_caller: 100000001}",
       "server.max_watched_accounts_per_caller: is out of range; write a number from 1 to "
       "100000000"},
      {"server: {engine: APACHE}",
       "server.engine: \"APACHE\" is not known here; write NGHTTP2 or GRPC"},
      {"server: {max_answer_size: 33554433}",
       "server.max_answer_size: is out of range; write a number from 65536 to 33554432"},
  };
  for (const BadSetting& bad : cases) {
    EXPECT_THAT(files.Problems(kMinimal + bad.yaml + "\n"),
                ElementsAre(std::string("config.yaml:6: ") + bad.issue))
        << bad.yaml;
  }
}

TEST(SettingsTest, ValuesThatContradictEachOther) {
  const ConfigFiles files;
  const BadSetting cases[] = {
      {"cache: {max_stale: 1s}",
       "cache.max_stale: max_stale (1s) is below stale_while_revalidate (5s); make max_stale at "
       "least stale_while_revalidate"},
      {"cache: {stale_while_revalidate: 61s}",
       "cache.stale_while_revalidate: max_stale (60s) is below stale_while_revalidate (61s); make "
       "max_stale at least stale_while_revalidate"},
      {"cache: {min_refresh_interval: 3s}",
       "cache.min_refresh_interval: ttl (2s) is below min_refresh_interval (3s); make ttl at least "
       "min_refresh_interval"},
      {"cache: {ttl: 0.25s}",
       "cache.ttl: ttl (0.25s) is below min_refresh_interval (0.5s); make ttl at least "
       "min_refresh_interval"},
      {"upstream: {attempt_timeout: 6s}",
       "upstream.attempt_timeout: refresh_budget (5s) is below attempt_timeout (6s); make "
       "refresh_budget at least attempt_timeout"},
      {"upstream: {refresh_budget: 1s}",
       "upstream.refresh_budget: refresh_budget (1s) is below attempt_timeout (3s); make "
       "refresh_budget at least attempt_timeout"},
  };
  for (const BadSetting& bad : cases) {
    EXPECT_THAT(files.Problems(kMinimal + bad.yaml + "\n"),
                ElementsAre(std::string("config.yaml:6: ") + bad.issue))
        << bad.yaml;
  }
}

TEST(SettingsTest, ValuesAtTheirLimits) {
  const ConfigFiles files;
  for (const char* yaml :
       {"cache: {ttl: 0.5s}", "cache: {stale_while_revalidate: 0s, max_stale: 0s}",
        "cache: {min_refresh_interval: 2s}", "cache: {min_refresh_interval: 0s}",
        "upstream: {attempt_timeout: 5s}", "upstream: {requests_per_second: 1000, burst: 1000}",
        "upstream: {requests_per_second: 0.0001, burst: 1}",
        "upstream: {requests_per_second: 0.0001, burst: 1000}", "server: {drain_delay: 600s}",
        "server: {drain_delay: 0s}", "server: {max_connection_age: 30s}",
        "server: {max_connection_age: 86400s}", "server: {max_answer_size: 65536}",
        "server: {max_answer_size: 33554432}", "server: {max_connection_memory: 1073741824}",
        "server: {max_watch_age: 1s, max_watchers: 1, max_watchers_per_caller: 1000000}",
        "server: {max_watched_accounts: 1, max_watched_accounts_per_caller: 100000000}",
        "server: {engine: GRPC}", "upstream: {tls_ca_file: ''}"}) {
    EXPECT_THAT(files.Problems(kMinimal + yaml + "\n"), IsEmpty()) << yaml;
  }
}

TEST(SettingsTest, OverrideThatContradictsTheCommonValue) {
  EXPECT_THAT(ConfigFiles().Problems("cache: {ttl: 4s}\n" + kMinimal +
                                     "    cache: {min_refresh_interval: 5s}\n"),
              ElementsAre("config.yaml:7: accounts[0].sources[0].cache.min_refresh_interval: ttl "
                          "(4s) is below min_refresh_interval (5s); make ttl at least "
                          "min_refresh_interval"));
}

TEST(SettingsTest, BadCommonValueIsReportedOnce) {
  EXPECT_THAT(ConfigFiles().Problems("cache: {ttl: 0s}\n" + kMinimal +
                                     "    cache: {min_refresh_interval: 5s}\n"),
              ElementsAre("config.yaml:1: cache.ttl: is not above zero; write more than 0s"));
}

TEST(SettingsTest, OverridesWorkFieldByField) {
  const ConfigFiles files;
  const std::string ca = files.Write("ca.pem", "-----BEGIN CERTIFICATE-----\n");

  const auto config = files.Load(
      "cache: {ttl: 4s, max_stale: 30s}\n"
      "upstream: {attempt_timeout: 1s, burst: 5, tls_ca_file: " +
      ca + "}\n" + kMinimal +
      "    cache: {ttl: 6s}\n"
      "    upstream: {requests_per_second: 0.5, tls_ca_file: ''}\n");

  ASSERT_TRUE(config);
  const SourceConfig& source = config->accounts[0].sources[0];
  EXPECT_EQ(source.info.cache,
            (CacheSettings{seconds(6), seconds(5), seconds(30), milliseconds(500)}));
  EXPECT_EQ(source.upstream.attempt_timeout, seconds(1));
  EXPECT_EQ(source.upstream.refresh_budget, seconds(5));
  EXPECT_EQ(source.upstream.rate, (RateSettings{0.5, 5}));
  EXPECT_EQ(source.info.rate, source.upstream.rate);
  EXPECT_EQ(source.upstream.tls_ca_file, "");
}

TEST(SettingsTest, CaFileMustBeReadablePem) {
  const ConfigFiles files;
  const std::string other = files.Write("other.pem", "hello");

  EXPECT_THAT(files.Problems(kMinimal + "upstream: {tls_ca_file: " + files.PathOf("none") + "}\n"),
              ElementsAre("config.yaml:6: upstream.tls_ca_file: the file cannot be read: No such "
                          "file or directory; name a readable PEM file"));
  EXPECT_THAT(files.Problems(kMinimal + "upstream: {tls_ca_file: " + other + "}\n"),
              ElementsAre("config.yaml:6: upstream.tls_ca_file: the file holds no PEM certificate; "
                          "name a file with -----BEGIN CERTIFICATE----- in it"));
}

}  // namespace
}  // namespace balance
