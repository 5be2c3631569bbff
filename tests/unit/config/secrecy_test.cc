#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "service/config/print_config.h"
#include "service/server/venues.h"
#include "tests/unit/config/config_files.h"

namespace balance {
namespace {

using testing::HasSubstr;
using testing::Not;

// No part of a secret as long as this may be shown.
constexpr std::size_t kShown = 8;

void ExpectNoSecret(const std::string& text, const std::string& secret) {
  for (std::size_t i = 0; i + kShown <= secret.size(); ++i) {
    ASSERT_THAT(text, Not(HasSubstr(secret.substr(i, kShown))));
  }
}

std::string AllOutput(const ConfigResult& config) {
  if (config) return PrintConfig(*config);
  std::string text;
  for (const ConfigIssue& issue : config.error()) text += issue.ToString() + "\n";
  return text;
}

TEST(SecrecyTest, SecretInTheWrongPlaceIsNotRepeated) {
  const ConfigFiles files;
  const std::string places[] = {
      "api_key: $",
      "api_key: {$}",
      "api_key: {file: $}",
      "api_key: {file: /$}",
      "api_key: {env: $}",
      "api_key: {value: $, value: $}",
      "api_key: {value: [$]}",
      "api_key: {key: $}",
      "api_key: {$: value}",
      "api_key: [$]",
      "$",
      "base_url: $",
      "base_url: 'https://$'",
      "base_url: 'https://user:$@api.polysimulator.com'",
      "base_url: 'https://api.polysimulator.com?key=$'",
      "api_key: *$",
      "api_key: {value: '$}",
      "api_key: !$ x",
  };
  for (const std::string& secret : {std::string(kApiKey), std::string(kSecretKey)}) {
    for (std::string place : places) {
      for (auto at = place.find('$'); at != std::string::npos; at = place.find('$')) {
        place.replace(at, 1, secret);
      }
      const auto config = files.Load(
          "accounts:\n- id: desk-1\n  sources:\n  - id: sim\n    polysimulator: {" + place + "}\n");

      ASSERT_FALSE(config) << place;
      ExpectNoSecret(AllOutput(config), secret);
    }
  }
}

TEST(SecrecyTest, SecretAsAnyOtherSettingIsNotRepeated) {
  const ConfigFiles files;
  for (const char* field : {"listen: $", "allow_insecure: $", "$: x", "cache: $", "cache: {ttl: $}",
                            "upstream: {burst: $}", "upstream: {requests_per_second: $}",
                            "upstream: {tls_ca_file: $}", "server: {$: 1s}"}) {
    std::string yaml = field;
    yaml.replace(yaml.find('$'), 1, kApiKey);

    const auto config = files.Load(kOneSource + yaml + "\n");

    ASSERT_FALSE(config) << field;
    ExpectNoSecret(AllOutput(config), kApiKey);
  }
}

TEST(SecrecyTest, DamagedSecretsAreNotRepeated) {
  ConfigFiles files;
  for (const std::string& damage : {std::string(" "), std::string("\n"), std::string("\x01"),
                                    std::string("="), std::string(5000, 'x')}) {
    const std::string secret = kSecretKey + damage + kSecretKey;
    files.SetEnv("POLYMARKET_SECRET_KEY", secret);
    files.SetEnv("POLYMARKET_KEY_ID", kKeyId);

    const auto config = ConfigFromEnvironment(files.Env(), AllVenues());

    ASSERT_FALSE(config);
    ExpectNoSecret(AllOutput(config), kSecretKey);
  }
}

}  // namespace
}  // namespace balance
