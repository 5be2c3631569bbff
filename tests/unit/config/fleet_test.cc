#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <utility>

#include "clients/redis/seal.h"
#include "service/config/fleet_settings.h"
#include "service/config/print_config.h"
#include "tests/support/test_ca.h"
#include "tests/unit/config/config_files.h"

namespace balance {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Key;
using testing::Not;

// The bytes 0 to 31, and 32 times the letter k.
constexpr const char* kSealingKey = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
constexpr const char* kOtherKey = "a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s=";
constexpr const char* kPassword = "correct-horse-battery-staple";
// On loopback; stands on line 7, in the block on line 6.
constexpr const char* kAddress = "address: '127.0.0.1:6379'";

class FleetTest : public testing::Test {
 protected:
  FleetTest() {
    files_.SetEnv("KEY", kSealingKey);
    files_.SetEnv("OTHER_KEY", kOtherKey);
    files_.SetEnv("PASSWORD", kPassword);
    files_.Write("ca.crt", TestCa().cert_pem());
  }

  // Five lines with one good source, then the fleet: `redis` on line 7, `rest` from line 8 on.
  static std::string With(const std::string& redis, const std::string& rest = Rest()) {
    return std::string(kOneSource) + "fleet:\n  redis: {" + redis + "}\n" + rest;
  }
  static std::string Rest() { return "  sealing_key: {env: KEY}\n  max_replicas: 4\n"; }
  // The same with other keys.
  static std::string Keys(const std::string& keys) { return "  max_replicas: 4\n" + keys; }
  std::string Tls() const { return "tls: {ca_file: '" + files_.PathOf("ca.crt") + "'}"; }

  FleetConfig Loaded(const std::string& yaml) const {
    auto config = files_.Load(yaml);
    EXPECT_TRUE(config) << config.error().front().ToString();
    if (!config || !config->fleet) return {};
    return *std::move(config->fleet);
  }

  ConfigFiles files_;
};

TEST_F(FleetTest, WithoutOneNothingIsShared) {
  const auto config = files_.Load(kOneSource);

  ASSERT_TRUE(config);
  EXPECT_FALSE(config->fleet);
  EXPECT_THAT(PrintConfig(*config), Not(HasSubstr("fleet")));
}

TEST_F(FleetTest, TheLeastFleetGetsTheDefaults) {
  const FleetConfig fleet = Loaded(With(kAddress));

  EXPECT_EQ(fleet.redis.address, (HostPort{"127.0.0.1", 6379}));
  EXPECT_FALSE(fleet.redis.sentinel);
  EXPECT_EQ(fleet.redis.login.username, "");
  EXPECT_EQ(fleet.redis.login.password, nullptr);
  EXPECT_FALSE(fleet.redis.tls.is_on);
  EXPECT_EQ(fleet.redis.operation_timeout, milliseconds(50));
  ASSERT_TRUE(fleet.sealing_key);
  EXPECT_EQ(fleet.sealing_key->size(), Seal::kKeyBytes);
  EXPECT_EQ(fleet.sealing_key->Expose().substr(0, 3), std::string("\0\1\2", 3));
  EXPECT_EQ(fleet.previous_sealing_key, nullptr);
  EXPECT_EQ(fleet.max_replicas, 4);
  EXPECT_EQ(fleet.reserve, 0.25);
}

TEST_F(FleetTest, AllOfIt) {
  files_.Write("password", std::string(kPassword) + "\n");

  const FleetConfig fleet =
      Loaded(With("address: 'redis.balance.svc:6380', username: balance, password: {file: '" +
                      files_.PathOf("password") + "'}, operation_timeout: 0.2s, " + Tls(),
                  Keys("  sealing_key: {env: KEY}\n  previous_sealing_key: {env: OTHER_KEY}\n"
                       "  reserve: 0.5\n")));

  EXPECT_EQ(fleet.redis.address, (HostPort{"redis.balance.svc", 6380}));
  EXPECT_EQ(fleet.redis.login.username, "balance");
  ASSERT_TRUE(fleet.redis.login.password);
  EXPECT_EQ(fleet.redis.login.password->Expose(), kPassword);
  EXPECT_EQ(fleet.redis.tls, (StreamTls{true, files_.PathOf("ca.crt")}));
  EXPECT_EQ(fleet.redis.operation_timeout, milliseconds(200));
  ASSERT_TRUE(fleet.previous_sealing_key);
  EXPECT_EQ(fleet.previous_sealing_key->Expose(), std::string(32, 'k'));
  EXPECT_EQ(fleet.reserve, 0.5);
}

TEST_F(FleetTest, SentinelsWithALoginOfTheirOwn) {
  const FleetConfig fleet =
      Loaded(With("sentinel: {addresses: ['s-1:26379', '[2001:db8::2]:26379'], primary: balance, "
                  "username: watcher, password: {env: PASSWORD}}, " +
                  Tls()));

  ASSERT_TRUE(fleet.redis.sentinel);
  EXPECT_THAT(fleet.redis.sentinel->addresses,
              ElementsAre(HostPort{"s-1", 26379}, HostPort{"2001:db8::2", 26379}));
  EXPECT_EQ(fleet.redis.sentinel->primary, "balance");
  EXPECT_EQ(fleet.redis.sentinel->login.username, "watcher");
  EXPECT_EQ(fleet.redis.sentinel->login.password->Expose(), kPassword);
  EXPECT_EQ(fleet.redis.login.password, nullptr);
}

TEST_F(FleetTest, WhatIsMissingIsNamed) {
  EXPECT_THAT(
      files_.Problems(std::string(kOneSource) + "fleet: {reserve: 0.2}\n"),
      ElementsAre("config.yaml:6: fleet.redis: is missing; add it with the address of Redis",
                  "config.yaml:6: fleet.sealing_key: is missing; write {file: PATH} or "
                  "{env: NAME}",
                  "config.yaml:6: fleet.max_replicas: is missing; write how many replicas run at "
                  "most, those that an upgrade adds included"));
  EXPECT_THAT(files_.Problems(With("operation_timeout: 0.1s")),
              ElementsAre("config.yaml:7: fleet.redis: does not say where the primary is; add one "
                          "of: address, sentinel"));
  EXPECT_THAT(files_.Problems(std::string(kOneSource) + "fleet: on\n"),
              ElementsAre(HasSubstr("config.yaml:6: fleet: is not a mapping; ")));
  EXPECT_THAT(files_.Problems(With("address")), Contains(HasSubstr("config.yaml:7: fleet.redis")));
}

TEST_F(FleetTest, AMisspelledKeyIsTheOnlyProblem) {
  EXPECT_THAT(files_.Problems(With("adress: 'redis:6379'")),
              ElementsAre("config.yaml:7: fleet.redis.adress: unknown key; did you mean address?"));
  EXPECT_THAT(files_.Problems(With("address: 'redis:6379', tsl: {ca_file: x}")),
              ElementsAre("config.yaml:7: fleet.redis.tsl: unknown key; did you mean tls?"));
  EXPECT_THAT(files_.Problems(
                  With(std::string(kAddress) + ", username: balance, pasword: {env: PASSWORD}")),
              ElementsAre("config.yaml:7: fleet.redis.pasword: unknown key; did you mean "
                          "password?"));
  EXPECT_THAT(files_.Problems(With(kAddress, "  sealing_kye: {env: KEY}\n  max_replicas: 1\n")),
              ElementsAre("config.yaml:8: fleet.sealing_kye: unknown key; did you mean "
                          "sealing_key?"));
}

TEST_F(FleetTest, OnePlaceOfThePrimary) {
  EXPECT_THAT(
      files_.Problems(With(std::string(kAddress) +
                           ", sentinel: {addresses: ['s:1'], primary: balance}, " + Tls())),
      ElementsAre("config.yaml:7: fleet.redis.sentinel: excludes address; keep one of the two"));
}

TEST_F(FleetTest, AddressesAreHostAndPort) {
  for (const char* good : {"localhost:6379", "127.0.0.1:1", "[::1]:65535"}) {
    EXPECT_THAT(files_.Problems(With("address: '" + std::string(good) + "'")), IsEmpty()) << good;
  }
  EXPECT_EQ(Loaded(With("address: '[::1]:6379'")).redis.address, (HostPort{"::1", 6379}));
  for (const char* bad :
       {"redis", "redis:", ":6379", "::1:6379", "[::1]", "[redis]:6379", "redis:65536", "redis:-1",
        "redis://redis:6379", "rediss://redis:6379/0", "redis:6379/0", "user@redis:6379",
        "redis :6379", "$REDIS:6379", "256.1.1.1:6379"}) {
    EXPECT_THAT(files_.Problems(With("address: '" + std::string(bad) + "'")),
                ElementsAre("config.yaml:7: fleet.redis.address: is not host:port; write it such "
                            "as redis.balance.svc:6379, an IPv6 address in brackets and no scheme"))
        << bad;
  }
  EXPECT_THAT(files_.Problems(With("address: 'redis:0'")),
              ElementsAre("config.yaml:7: fleet.redis.address: has port 0, on which nothing "
                          "listens; write the port of Redis"));
}

TEST_F(FleetTest, SentinelsAreChecked) {
  EXPECT_THAT(files_.Problems(With("sentinel: {}, " + Tls())),
              ElementsAre("config.yaml:7: fleet.redis.sentinel.addresses: has no entry; list "
                          "host:port of each Sentinel",
                          "config.yaml:7: fleet.redis.sentinel.primary: is missing; write the name "
                          "by which the Sentinels know the primary"));
  EXPECT_THAT(
      files_.Problems(With("sentinel: {addresses: ['s:1', s, 's:1'], primary: 'a b'}, " + Tls())),
      ElementsAre(HasSubstr("fleet.redis.sentinel.addresses[1]: is not host:port; "),
                  "config.yaml:7: fleet.redis.sentinel.addresses[2]: is listed twice; keep one of "
                  "the two",
                  HasSubstr("fleet.redis.sentinel.primary: is not a name; ")));
  EXPECT_THAT(files_.Problems(With("sentinel: {addresses: [], primary: '${NAME}'}, " + Tls())),
              ElementsAre(HasSubstr("fleet.redis.sentinel.addresses: has no entry; "),
                          HasSubstr("fleet.redis.sentinel.primary: is a placeholder")));
}

TEST_F(FleetTest, PlaintextOffLoopbackNeedsConsent) {
  const std::string remedy = "; set fleet.redis.tls, or allow_insecure: true";

  EXPECT_THAT(files_.Problems(With("address: 'redis:6379'")),
              ElementsAre("config.yaml:7: fleet.redis.address: is off loopback, where the password "
                          "would go as plaintext" +
                          remedy));
  // A Sentinel on loopback too.
  EXPECT_THAT(
      files_.Problems(With("sentinel: {addresses: ['127.0.0.1:1'], primary: balance}")),
      ElementsAre("config.yaml:7: fleet.redis.sentinel: may name a primary off loopback, to which "
                  "the password would go as plaintext" +
                  remedy));
  for (const char* redis :
       {"address: 'redis:6379'", "sentinel: {addresses: ['127.0.0.1:1'], primary: balance}"}) {
    EXPECT_THAT(files_.Problems(With(redis) + "allow_insecure: true\n"), IsEmpty());
    EXPECT_THAT(files_.Problems(With(std::string(redis) + ", " + Tls())), IsEmpty());
    EXPECT_THAT(files_.Problems(With(redis) + "allow_insecure: maybe\n"),
                ElementsAre(HasSubstr("allow_insecure: \"maybe\" is not a truth value")));
  }
}

TEST_F(FleetTest, TlsNeedsCas) {
  const auto problems = [this](const std::string& tls) {
    return files_.Problems(With("address: 'redis:6379', tls: {" + tls + "}"));
  };
  files_.Write("no.crt", "-----BEGIN PRIVATE KEY-----\n");

  EXPECT_THAT(problems(""), ElementsAre("config.yaml:7: fleet.redis.tls.ca_file: is missing; name "
                                        "the PEM file of the CAs that vouch for Redis"));
  EXPECT_THAT(problems("ca_file: ''"), ElementsAre(HasSubstr("ca_file: names no file; ")));
  EXPECT_THAT(problems("ca_file: /nowhere/ca.crt"),
              ElementsAre(HasSubstr("ca_file: the file /nowhere/ca.crt cannot be read: ")));
  EXPECT_THAT(problems("ca_file: '" + files_.PathOf("no.crt") + "'"),
              ElementsAre(HasSubstr("ca_file: the file no.crt ")));
}

// A start must not depend on it: replicas serve without Redis.
TEST_F(FleetTest, CasThatAreOverAreAWarning) {
  files_.Write("ca.crt",
               TestCa("old", {.not_before = -hours(2), .not_after = -hours(1)}).cert_pem());

  const auto config = files_.Load(With("address: 'redis:6379', " + Tls()));

  ASSERT_TRUE(config) << config.error().front().ToString();
  ASSERT_EQ(config->warnings.size(), 1);
  EXPECT_THAT(config->warnings[0].ToString(), HasSubstr("ca.crt is in force; add one that is"));
}

TEST_F(FleetTest, AUserNeedsAPassword) {
  const std::string address = std::string(kAddress) + ", ";

  EXPECT_THAT(files_.Problems(With(address + "username: balance")),
              ElementsAre("config.yaml:7: fleet.redis.username: has no password beside it, so "
                          "nobody would log in; add password, or leave username out"));
  EXPECT_THAT(files_.Problems(With(address + "username: 'a b', password: {env: PASSWORD}")),
              ElementsAre(HasSubstr("fleet.redis.username: is not a name; ")));
  EXPECT_THAT(files_.Problems(With(address + "password: {env: NOWHERE}")),
              ElementsAre(HasSubstr("fleet.redis.password: the environment variable NOWHERE is not "
                                    "set; ")));
  EXPECT_THAT(files_.Problems(With(address + "password: {}")),
              ElementsAre(HasSubstr("fleet.redis.password: does not say where the secret is; ")));
  // The default user of a Redis with requirepass.
  EXPECT_THAT(files_.Problems(With(address + "password: {env: PASSWORD}")), IsEmpty());
}

TEST_F(FleetTest, KeysAre32BytesInBase64) {
  // One byte less, one more, of no whole group, hexadecimal, of another alphabet, and a word.
  for (const char* bad : {"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHg==",
                          "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g",
                          "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
                          "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
                          "__________________________________________8=", "password"}) {
    for (const char* field : {"sealing_key", "previous_sealing_key"}) {
      files_.SetEnv("BAD", bad);
      const bool is_first = field == std::string("sealing_key");
      EXPECT_THAT(
          files_.Problems(
              With(kAddress,
                   Keys(std::string("  sealing_key: {env: ") + (is_first ? "BAD" : "KEY") +
                        "}\n  previous_sealing_key: {env: " + (is_first ? "KEY" : "BAD") + "}\n"))),
          ElementsAre("config.yaml:" + std::string(is_first ? "9" : "10") + ": fleet." + field +
                      ": is not the base64 of 32 bytes; make a key with openssl rand -base64 32"))
          << bad;
    }
  }
}

TEST_F(FleetTest, ThePreviousKeyIsAnotherOne) {
  files_.Write("key", std::string(kSealingKey) + "\n");

  EXPECT_THAT(files_.Problems(With(kAddress, Keys("  sealing_key: {env: KEY}\n"
                                                  "  previous_sealing_key: {file: '" +
                                                  files_.PathOf("key") + "'}\n"))),
              ElementsAre("config.yaml:10: fleet.previous_sealing_key: is the key that sealing_key "
                          "is; store the key that was in force before, or leave it out"));
  EXPECT_THAT(files_.Problems(With(kAddress, Keys("  previous_sealing_key: {env: KEY}\n"))),
              ElementsAre(HasSubstr("fleet.sealing_key: is missing; ")));
}

TEST_F(FleetTest, KeyFilesOfEverybodyAreRefused) {
  files_.Write("key", kSealingKey, 0644);

  EXPECT_THAT(
      files_.Problems(
          With(kAddress, Keys("  sealing_key: {file: '" + files_.PathOf("key") + "'}\n"))),
      ElementsAre("config.yaml:9: fleet.sealing_key: the file key is accessible to every user; "
                  "take that away, such as with chmod o-rwx"));
}

TEST_F(FleetTest, NumbersHaveRanges) {
  const auto problems = [this](const std::string& fields) {
    return files_.Problems(With(kAddress, "  sealing_key: {env: KEY}\n" + fields));
  };

  for (const char* bad : {"0", "-1", "1001"}) {
    EXPECT_THAT(problems("  max_replicas: " + std::string(bad) + "\n"),
                ElementsAre("config.yaml:9: fleet.max_replicas: is out of range; write a number "
                            "from 1 to 1000"));
  }
  EXPECT_THAT(problems("  max_replicas: 1.5\n"), ElementsAre(HasSubstr("fleet.max_replicas: ")));
  for (const char* good : {"1", "1000"}) {
    EXPECT_THAT(problems("  max_replicas: " + std::string(good) + "\n"), IsEmpty());
  }
  for (const char* bad : {"0", "1", "-0.5", "0.009", "25"}) {
    EXPECT_THAT(problems("  max_replicas: 2\n  reserve: " + std::string(bad) + "\n"),
                ElementsAre("config.yaml:10: fleet.reserve: is out of range; write a number from "
                            "0.01 to 0.99"));
  }
  for (const char* good : {"0.01", "0.99"}) {
    EXPECT_THAT(problems("  max_replicas: 2\n  reserve: " + std::string(good) + "\n"), IsEmpty());
  }
}

TEST_F(FleetTest, OperationsTakeMillisecondsToASecond) {
  const auto problems = [this](const char* timeout) {
    return files_.Problems(With(std::string(kAddress) + ", operation_timeout: " + timeout));
  };

  EXPECT_THAT(problems("0.0049s"),
              ElementsAre("config.yaml:7: fleet.redis.operation_timeout: is below 0.005s; write at "
                          "least 0.005s"));
  EXPECT_THAT(problems("1.001s"), ElementsAre(HasSubstr("operation_timeout: is above 1s; ")));
  EXPECT_THAT(problems("50ms"), ElementsAre(HasSubstr("operation_timeout: ")));
  EXPECT_THAT(problems("0.005s"), IsEmpty());
  EXPECT_THAT(problems("1s"), IsEmpty());
}

TEST_F(FleetTest, PrintedAndLoadedAgain) {
  const std::string yaml =
      With("address: '[2001:db8::1]:6379', username: balance, password: {env: PASSWORD}, " + Tls(),
           Keys("  sealing_key: {env: KEY}\n  previous_sealing_key: {env: OTHER_KEY}\n"));
  const auto config = files_.Load(yaml);
  ASSERT_TRUE(config) << config.error().front().ToString();

  const std::string printed = PrintConfig(*config);

  EXPECT_THAT(printed, HasSubstr("fleet:\n"
                                 "  redis:\n"
                                 "    address: '[2001:db8::1]:6379'\n"
                                 "    username: balance\n"
                                 "    password: {value: \"***\"}\n"
                                 "    tls:\n"
                                 "      ca_file: " +
                                 files_.PathOf("ca.crt") +
                                 "\n"
                                 "    operation_timeout: 0.05s\n"
                                 "  sealing_key: {value: \"***\"}\n"
                                 "  previous_sealing_key: {value: \"***\"}\n"
                                 "  max_replicas: 4\n"
                                 "  reserve: 0.25\n"));
  std::string unmasked = printed;
  for (const char* secret : {kPassword, kSealingKey, kOtherKey, kApiKey}) {
    EXPECT_THAT(printed, Not(HasSubstr(secret)));
    unmasked.replace(unmasked.find("\"***\"") + 1, 3, secret);
  }
  const auto again = files_.Load(unmasked);
  ASSERT_TRUE(again) << again.error().front().ToString();
  EXPECT_EQ(PrintConfig(*again), printed);
  EXPECT_TRUE(CanTakeOver(config->fleet, again->fleet));
}

TEST_F(FleetTest, PrintedWithSentinelsAndConsent) {
  const auto config = files_.Load(
      With("sentinel: {addresses: ['s-1:26379', '[::1]:26379'], primary: balance, password: {env: "
           "PASSWORD}}") +
      "allow_insecure: true\n");
  ASSERT_TRUE(config) << config.error().front().ToString();

  const std::string printed = PrintConfig(*config);

  EXPECT_THAT(printed, HasSubstr("allow_insecure: true\n"));
  EXPECT_THAT(printed, HasSubstr("    sentinel:\n"
                                 "      addresses: [\"s-1:26379\", \"[::1]:26379\"]\n"
                                 "      primary: balance\n"
                                 "      password: {value: \"***\"}\n"
                                 "    operation_timeout: 0.05s\n"));
}

TEST_F(FleetTest, DamagedKeysAndPasswordsAreNotRepeated) {
  files_.SetEnv("BAD", std::string(kSealingKey) + "x");
  const std::string secret = kSealingKey;
  for (const std::string& yaml :
       {With(kAddress, Keys("  sealing_key: {env: BAD}\n")),
        With(kAddress, Keys("  sealing_key: {value: '" + secret + " x'}\n")),
        With(kAddress, Keys("  sealing_key: {file: '" + secret + "'}\n")),
        With(kAddress, Keys("  sealing_key: '" + secret + "'\n")),
        With("address: '" + secret + "'"),
        With(std::string(kAddress) + ", password: '" + secret + "'"),
        With(std::string(kAddress) + ", username: '" + secret + "'"),
        With(std::string(kAddress) + ", tls: {ca_file: '" + secret + "'}")}) {
    const auto problems = files_.Problems(yaml);

    EXPECT_THAT(problems, Not(IsEmpty())) << yaml;
    for (const std::string& problem : problems) {
      EXPECT_THAT(problem, Not(HasSubstr(secret.substr(4, 8))));
    }
  }
}

// The server reads them again when they change.
TEST_F(FleetTest, ItsFilesAreWatched) {
  files_.Write("key", kSealingKey);
  files_.Write("previous", kOtherKey);
  files_.Write("password", kPassword);
  const std::string yaml =
      With("address: 'redis:6379', password: {file: '" + files_.PathOf("password") + "'}, " + Tls(),
           Keys("  sealing_key: {file: '" + files_.PathOf("key") +
                "'}\n  previous_sealing_key: {file: '" + files_.PathOf("previous") + "'}\n"));
  FileStates read;

  ASSERT_TRUE(files_.Reload(yaml, {"127.0.0.1:50051", {}, false}, &read));

  for (const char* file : {"key", "previous", "password", "ca.crt"}) {
    EXPECT_THAT(read, Contains(Key(files_.PathOf(file))));
  }
}

// An old password may be withdrawn at any time, and a key that leaked must go.
TEST_F(FleetTest, SecretsAreTakenOverWhateverElseAwaitsARestart) {
  const std::string tls = Tls();
  const std::string login = "username: b, password: {env: PASSWORD}, ";
  const std::string keys =
      Keys("  sealing_key: {env: OTHER_KEY}\n  previous_sealing_key: {env: KEY}\n");
  const FleetConfig running = Loaded(With("address: 'redis:6379', " + tls));
  const FleetConfig fresh = Loaded(With(
      "address: 'redis:6379', operation_timeout: 0.1s, " + login + tls, keys + "  reserve: 0.5\n"));
  const FleetConfig elsewhere = Loaded(With("address: 'redis:6380', " + login + tls, keys));

  const FleetConfig renewed = Renewed(running, fresh);
  const FleetConfig stays = Renewed(running, elsewhere);

  EXPECT_EQ(renewed.redis.login.username, "b");
  EXPECT_EQ(renewed.redis.login.password->Expose(), fresh.redis.login.password->Expose());
  EXPECT_EQ(renewed.sealing_key->Expose(), fresh.sealing_key->Expose());
  EXPECT_EQ(renewed.previous_sealing_key->Expose(), running.sealing_key->Expose());
  EXPECT_EQ(renewed.reserve, running.reserve);
  EXPECT_EQ(renewed.redis.operation_timeout, running.redis.operation_timeout);
  // The password of another Redis is nothing for this one.
  EXPECT_EQ(stays.redis.login.password, running.redis.login.password);
  EXPECT_EQ(stays.redis.address.port, 6379);
  EXPECT_EQ(stays.sealing_key->Expose(), fresh.sealing_key->Expose());
}

TEST_F(FleetTest, SecretsAreTakenOverAndTheRestAwaitsARestart) {
  const auto fleet_of = [this](const std::string& yaml) {
    return std::optional<FleetConfig>(Loaded(yaml));
  };
  const std::string tls = Tls();
  const auto running = fleet_of(With("address: 'redis:6379', " + tls));
  const auto with_sentinel = [&](const std::string& sentinel) {
    return fleet_of(With("sentinel: {" + sentinel + "}, " + tls));
  };
  const auto watched = with_sentinel("addresses: ['s:1'], primary: balance");

  EXPECT_TRUE(CanTakeOver(running, running));
  EXPECT_TRUE(CanTakeOver(std::nullopt, std::nullopt));
  EXPECT_TRUE(CanTakeOver(
      running,
      fleet_of(With("address: 'redis:6379', username: b, password: {env: PASSWORD}, " + tls,
                    Keys("  sealing_key: {env: OTHER_KEY}\n"
                         "  previous_sealing_key: {env: KEY}\n")))));
  EXPECT_TRUE(CanTakeOver(
      watched, with_sentinel("addresses: ['s:1'], primary: balance, password: {env: PASSWORD}")));
  EXPECT_FALSE(CanTakeOver(running, std::nullopt));
  EXPECT_FALSE(CanTakeOver(std::nullopt, running));
  EXPECT_FALSE(CanTakeOver(running, watched));
  EXPECT_FALSE(CanTakeOver(watched, with_sentinel("addresses: ['s:2'], primary: balance")));
  EXPECT_FALSE(CanTakeOver(watched, with_sentinel("addresses: ['s:1'], primary: other")));
  EXPECT_FALSE(CanTakeOver(running, fleet_of(With("address: 'redis:6380', " + tls))));
  EXPECT_FALSE(
      CanTakeOver(running, fleet_of(With("address: 'redis:6379'") + "allow_insecure: true\n")));
  EXPECT_FALSE(CanTakeOver(
      running, fleet_of(With("address: 'redis:6379', operation_timeout: 0.1s, " + tls))));
  EXPECT_FALSE(CanTakeOver(
      running, fleet_of(With("address: 'redis:6379', " + tls, Rest() + "  reserve: 0.5\n"))));
  EXPECT_FALSE(
      CanTakeOver(running, fleet_of(With("address: 'redis:6379', " + tls,
                                         "  sealing_key: {env: KEY}\n  max_replicas: 5\n"))));
}

}  // namespace
}  // namespace balance
