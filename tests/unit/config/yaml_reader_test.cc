#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "service/config/yaml_tree.h"
#include "service/server/venues.h"
#include "tests/unit/config/config_files.h"

namespace balance {
namespace {

using testing::ElementsAre;
using testing::StartsWith;

const std::string kGood = kOneSource;

TEST(YamlReaderTest, MissingFile) {
  const ConfigFiles files;

  const auto config = LoadConfig(files.PathOf("none.yaml"), files.Env(), AllVenues());

  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().front().ToString(),
            files.PathOf("none.yaml") +
                ": the file cannot be read: No such file or directory; name a readable YAML file");
}

TEST(YamlReaderTest, DirectoryInsteadOfFile) {
  const ConfigFiles files;

  const auto config = LoadConfig(files.PathOf(""), files.Env(), AllVenues());

  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().front().problem, "the file is not a regular file");
}

TEST(YamlReaderTest, PipeInsteadOfFileIsRefusedAtOnce) {
  const ConfigFiles files;
  ASSERT_EQ(mkfifo(files.PathOf("pipe").c_str(), 0600), 0);

  const auto config = LoadConfig(files.PathOf("pipe"), files.Env(), AllVenues());

  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().front().problem, "the file is not a regular file");
}

TEST(YamlReaderTest, EmptyFile) {
  const ConfigFiles files;
  for (const char* yaml : {"", "# only a comment\n", "---\n", "~\n"}) {
    EXPECT_THAT(files.Problems(yaml),
                ElementsAre("config.yaml: is empty; write at least one account with a source"))
        << yaml;
  }
}

TEST(YamlReaderTest, NotYaml) {
  EXPECT_THAT(ConfigFiles().Problems("listen: 127.0.0.1:1\naccounts: [\nserver: {}\n"),
              ElementsAre("config.yaml:4: is not YAML: did not find expected ',' or ']' while "
                          "parsing a flow sequence that begins on line 2; repair the indentation, "
                          "the quotes or the brackets around here"));
}

TEST(YamlReaderTest, NotUtf8) {
  EXPECT_THAT(ConfigFiles().Problems("listen: 127.0.0.1:1\n# caf\xe9\n"),
              ElementsAre("config.yaml:2: is not UTF-8; save the file as UTF-8"));
}

TEST(YamlReaderTest, ControlCharacter) {
  EXPECT_THAT(
      ConfigFiles().Problems("allow_insecure: true\nlisten: \"\\\x07\"\n"),
      ElementsAre(StartsWith("config.yaml:2: is not YAML: control characters are not allowed; ")));
}

TEST(YamlReaderTest, AliasOfNoAnchor) {
  EXPECT_THAT(ConfigFiles().Problems("cache: &c {ttl: 2s}\nupstream: *d\n"),
              ElementsAre(StartsWith("config.yaml:2: is not YAML: found an alias of no anchor; ")));
}

TEST(YamlReaderTest, TooDeepIsToldAtOnceHoweverDeep) {
  for (const std::size_t levels : {YamlTree::kMaxDepth + 1, std::size_t{1'000'000}}) {
    EXPECT_THAT(
        ConfigFiles().Problems(std::string(levels, '[')),
        ElementsAre(
            "config.yaml:1: is not YAML: found too many levels within each other; repair the "
            "indentation, the quotes or the brackets around here"))
        << levels;
  }
}

TEST(YamlReaderTest, AsDeepAsMayBeIsYaml) {
  const std::string deepest =
      std::string(YamlTree::kMaxDepth, '[') + std::string(YamlTree::kMaxDepth, ']');
  EXPECT_THAT(ConfigFiles().Problems(deepest),
              ElementsAre("config.yaml:1: is not a YAML mapping; begin with keys such as "
                          "accounts:"));
}

TEST(YamlReaderTest, NotAMapping) {
  const ConfigFiles files;
  for (const char* yaml : {"hello\n", "- id: desk-1\n"}) {
    EXPECT_THAT(files.Problems(yaml),
                ElementsAre("config.yaml:1: is not a YAML mapping; begin with keys such as "
                            "accounts:"));
  }
}

TEST(YamlReaderTest, SeveralDocuments) {
  EXPECT_THAT(ConfigFiles().Problems(kGood + "---\nlisten: 127.0.0.1:1\n"),
              ElementsAre("config.yaml:6: has more than one YAML document; keep one, without a "
                          "line --- or a stray comma or bracket"));
}

TEST(YamlReaderTest, StrayCharacterBehindTheEnd) {
  for (const char* yaml : {"[]\n,\n", "{}\n,\n"}) {
    EXPECT_THAT(ConfigFiles().Problems(yaml),
                ElementsAre(StartsWith("config.yaml:2: has more than one YAML document")))
        << yaml;
  }
  EXPECT_THAT(ConfigFiles().Problems("- id: desk-1\n,"),
              ElementsAre(StartsWith("config.yaml:2: is not YAML: did not find expected '-' ")));
}

TEST(YamlReaderTest, UnknownKeyNearAKnownOne) {
  EXPECT_THAT(ConfigFiles().Problems(kGood + "cache:\n  maxStale: 60s\n"),
              ElementsAre("config.yaml:7: cache.maxStale: unknown key; did you mean max_stale?"));
}

TEST(YamlReaderTest, UnknownKeyNearNothing) {
  EXPECT_THAT(ConfigFiles().Problems(kGood + "server: {colour: red}\n"),
              ElementsAre("config.yaml:6: server.colour: unknown key; remove it, or use one of: "
                          "drain_delay, max_connection_age, max_answer_size, reflection, "
                          "channelz, max_connection_memory, engine, max_watch_age, "
                          "max_watchers, max_watchers_per_caller, max_watched_accounts, "
                          "max_watched_accounts_per_caller"));
}

TEST(YamlReaderTest, MisspelledAccountsAreNotAlsoMissing) {
  EXPECT_THAT(ConfigFiles().Problems("acounts: []\n"),
              ElementsAre("config.yaml:1: acounts: unknown key; did you mean accounts?"));
}

TEST(YamlReaderTest, KeyThatIsNoWord) {
  EXPECT_THAT(ConfigFiles().Problems(kGood + "server:\n  [a]: 1s\n"),
              ElementsAre("config.yaml:7: server: has a key that is no word; use one of: "
                          "drain_delay, max_connection_age, max_answer_size, reflection, "
                          "channelz, max_connection_memory, engine, max_watch_age, "
                          "max_watchers, max_watchers_per_caller, max_watched_accounts, "
                          "max_watched_accounts_per_caller"));
}

TEST(YamlReaderTest, MergeKey) {
  EXPECT_THAT(ConfigFiles().Problems(kGood + "cache: &c {ttl: 2s}\nupstream:\n  <<: *c\n"),
              ElementsAre("config.yaml:8: upstream: has a YAML merge key (<<), which is not "
                          "supported; write the fields out"));
}

// Each of these makes an account, a source, a venue and a secret only partly readable.
TEST(YamlReaderTest, AKeyThatCannotBeReadHidesNothingBesideIt) {
  struct BadKey {
    const char* yaml;
    const char* problem;
  };
  for (const BadKey& bad :
       {BadKey{"'a b': 1", "has an unknown key"}, BadKey{"[a]: 1", "has a key that is no word"},
        BadKey{"<<: {}", "has a YAML merge key (<<)"}}) {
    const std::string key = bad.yaml;
    const std::string problem = bad.problem;
    const std::string venue = "accounts[0].sources[0].polymarket_us";
    EXPECT_THAT(
        ConfigFiles().Problems("accounts:\n"
                               "- " +
                               key +
                               "\n"
                               "  id: Desk\n"
                               "  sources:\n"
                               "  - " +
                               key +
                               "\n"
                               "    polymarket_us:\n"
                               "      " +
                               key +
                               "\n"
                               "      base_url: http://api.polymarket.us\n"
                               "      key_id:\n"
                               "        " +
                               key +
                               "\n"
                               "        file: ./none\n"
                               "      secret_key: {value: AAECAwQFBgc=}\n"),
        ElementsAre(StartsWith("config.yaml:2: accounts[0]: " + problem),
                    StartsWith("config.yaml:3: accounts[0].id: is not an id"),
                    StartsWith("config.yaml:5: accounts[0].sources[0]: " + problem),
                    StartsWith("config.yaml:7: " + venue + ": " + problem),
                    StartsWith("config.yaml:8: " + venue + ".base_url: is plain http"),
                    StartsWith("config.yaml:9: " + venue + ".key_id: the file ./none cannot"),
                    StartsWith("config.yaml:10: " + venue + ".key_id: " + problem),
                    StartsWith("config.yaml:12: " + venue + ".secret_key: is not base64")))
        << key;
  }
}

TEST(YamlReaderTest, AliasIsResolved) {
  const auto config = ConfigFiles().Load(
      "accounts:\n"
      "- id: a\n"
      "  sources: &sources [{id: sim, polysimulator: {api_key: {env: SIM_KEY}}}]\n"
      "- id: b\n"
      "  sources: *sources\n");

  ASSERT_TRUE(config);
  EXPECT_EQ(config->accounts[1].sources[0].info.source, "sim");
}

TEST(YamlReaderTest, DuplicateKey) {
  EXPECT_THAT(
      ConfigFiles().Problems(kGood + "cache:\n  ttl: 2s\n  ttl: 3s\n"),
      ElementsAre(
          "config.yaml:8: cache.ttl: is given twice, first on line 7; keep one of the two"));
}

struct WrongType {
  const char* yaml;
  const char* issue;
};

TEST(YamlReaderTest, WrongTypes) {
  const ConfigFiles files;
  const WrongType cases[] = {
      {"listen: [a]", "listen: is not a single value; write one value behind the key"},
      {"listen:", "listen: has no value; give it one, or remove the key"},
      {"listen: ~", "listen: has no value; give it one, or remove the key"},
      {"allow_insecure: yes",
       "allow_insecure: \"yes\" is not a truth value; write true or false, without quotes"},
      {"allow_insecure: 'true'",
       "allow_insecure: \"true\" is not a truth value; write true or false, without quotes"},
      {"cache: 2s",
       "cache: is not a mapping; write its keys below it: ttl, stale_while_revalidate, max_stale, "
       "min_refresh_interval"},
      {"server:",
       "server: has no value; write its keys below it: drain_delay, max_connection_age, "
       "max_answer_size, reflection, channelz, max_connection_memory, "
       "engine, max_watch_age, max_watchers, max_watchers_per_caller, "
       "max_watched_accounts, max_watched_accounts_per_caller"},
      {"server: [a]",
       "server: is not a mapping; write its keys below it: drain_delay, max_connection_age, "
       "max_answer_size, reflection, channelz, max_connection_memory, "
       "engine, max_watch_age, max_watchers, max_watchers_per_caller, "
       "max_watched_accounts, max_watched_accounts_per_caller"},
      {"upstream: {burst: 1.5}",
       "upstream.burst: \"1.5\" is not a whole number; write digits only, without quotes"},
      {"upstream: {burst: '2'}",
       "upstream.burst: \"2\" is not a whole number; write digits only, without quotes"},
      {"upstream: {burst: 99999999999}",
       "upstream.burst: \"99999999999\" is not a whole number; write digits only, without quotes"},
      {"upstream: {requests_per_second: fast}",
       "upstream.requests_per_second: \"fast\" is not a number; write it such as 2 or 0.5, without "
       "quotes"},
      {"upstream: {requests_per_second: inf}",
       "upstream.requests_per_second: \"inf\" is not a number; write it such as 2 or 0.5, without "
       "quotes"},
      {"cache: {ttl: 2}", "cache.ttl: \"2\" is not a duration; write it with a unit, such as 2s"},
      {"cache: {ttl: 500ms}",
       "cache.ttl: \"500ms\" is not a duration; write it in seconds, such as 2s or 0.5s"},
      {"cache: {ttl: {seconds: 2}}",
       "cache.ttl: is not a single value; write one value behind the key"},
  };
  for (const WrongType& wrong : cases) {
    EXPECT_THAT(files.Problems(kGood + wrong.yaml + "\n"),
                ElementsAre(std::string("config.yaml:6: ") + wrong.issue))
        << wrong.yaml;
  }
}

TEST(YamlReaderTest, AccountsThatAreNoList) {
  EXPECT_THAT(
      ConfigFiles().Problems("accounts: {id: desk-1}\n"),
      ElementsAre("config.yaml:1: accounts: is not a list; write each entry on lines of its "
                  "own after \"- \""));
}

TEST(YamlReaderTest, EntryThatIsNoMappingKeepsTheNumbersOfTheNext) {
  EXPECT_THAT(ConfigFiles().Problems("accounts:\n"
                                     "- desk-1\n"
                                     "- id: desk-2\n"
                                     "  sources: []\n"),
              ElementsAre("config.yaml:2: accounts[0]: is not a mapping; write its keys below it: "
                          "id, sources",
                          "config.yaml:4: accounts[1].sources: has no entry; add a source with "
                          "polymarket_us or polysimulator"));
}

// Quotes, a block and the tag of texts say that a value is a text; another tag says nothing.
TEST(YamlReaderTest, TextsAreNoTruthValuesAndNotNull) {
  for (const char* text : {"'true'", "\"true\"", "!!str true", "! true", "|-\n  true"}) {
    EXPECT_THAT(ConfigFiles().Problems(kGood + "allow_insecure: " + text + "\n"),
                ElementsAre(StartsWith("config.yaml:6: allow_insecure: \"true\" is not a truth")))
        << text;
  }
  EXPECT_THAT(ConfigFiles().Problems(kGood + "allow_insecure: !!bool 'true'\n"), ElementsAre());
  for (const char* null : {"~", "null", "Null", "NULL", ""}) {
    EXPECT_THAT(ConfigFiles().Problems(kGood + "listen: " + null + "\n"),
                ElementsAre(StartsWith("config.yaml:6: listen: has no value; ")))
        << null;
  }
  for (const char* text : {"'~'", "\"null\"", "!!str NULL", "''", "!!str", "nULL"}) {
    EXPECT_THAT(ConfigFiles().Problems(kGood + "listen: " + text + "\n"),
                ElementsAre(StartsWith("config.yaml:6: listen: is not host:port; ")))
        << text;
  }
}

TEST(YamlReaderTest, UnknownEnumWord) {
  EXPECT_THAT(
      ConfigFiles().Problems(kGood + "    fund_class: MONEY\n"),
      ElementsAre("config.yaml:6: accounts[0].sources[0].fund_class: \"MONEY\" is not known "
                  "here; write REAL_MONEY or SIMULATED_MONEY"));
}

TEST(YamlReaderTest, UnspecifiedIsNoEnumWord) {
  EXPECT_THAT(ConfigFiles().Problems(kGood + "    fund_class: FUND_CLASS_UNSPECIFIED\n"),
              ElementsAre("config.yaml:6: accounts[0].sources[0].fund_class: "
                          "\"FUND_CLASS_UNSPECIFIED\" is not known here; write REAL_MONEY or "
                          "SIMULATED_MONEY"));
}

TEST(YamlReaderTest, TwoVenues) {
  EXPECT_THAT(ConfigFiles().Problems(kGood + "    polymarket_us: {key_id: {env: PM_ID}}\n"),
              ElementsAre("config.yaml:5: accounts[0].sources[0].polysimulator: excludes "
                          "polymarket_us; keep one of the two",
                          "config.yaml:6: accounts[0].sources[0].polymarket_us.secret_key: is "
                          "missing; write {file: PATH} or {env: NAME}"));
}

// The one that the schema has first counts, in either order and even if it cannot be read.
TEST(YamlReaderTest, TwoVenuesOfWhichTheFirstCannotBeRead) {
  for (const char* yaml : {"    polymarket_us: []\n    polysimulator: {base_url: 1}\n",
                           "    polysimulator: {base_url: 1}\n    polymarket_us: []\n"}) {
    EXPECT_THAT(ConfigFiles().Problems(
                    std::string("accounts:\n- id: desk-1\n  sources:\n  - id: a\n") + yaml),
                testing::UnorderedElementsAre(
                    testing::HasSubstr("sources[0].polymarket_us: is not a mapping; "),
                    testing::HasSubstr("sources[0].polysimulator: excludes polymarket_us; ")))
        << yaml;
  }
}

TEST(YamlReaderTest, TwoOriginsOfASecret) {
  EXPECT_THAT(ConfigFiles().Problems("accounts:\n"
                                     "- id: desk-1\n"
                                     "  sources:\n"
                                     "  - id: sim\n"
                                     "    polysimulator:\n"
                                     "      api_key: {env: SIM_KEY, file: /etc/balance/key}\n"),
              testing::Contains("config.yaml:6: accounts[0].sources[0].polysimulator.api_key.env: "
                                "excludes file; keep one of the two"));
}

TEST(YamlReaderTest, SeveralProblemsComeInTheOrderOfTheLines) {
  EXPECT_THAT(
      ConfigFiles().Problems("cache: {ttl: 2}\n"
                             "listen: 1\n"
                             "accounts:\n"
                             "- id: Desk\n"
                             "  sources:\n"
                             "  - id: sim\n"
                             "    polysimulator: {api_key: {env: NOT_SET}}\n"
                             "    cach: {ttl: 2s}\n"),
      ElementsAre(
          "config.yaml:1: cache.ttl: \"2\" is not a duration; write it with a unit, such as 2s",
          "config.yaml:2: listen: is not host:port; write it such as 127.0.0.1:50051",
          "config.yaml:4: accounts[0].id: is not an id; use at most 63 lower-case letters, digits "
          "and hyphens inside",
          "config.yaml:7: accounts[0].sources[0].polysimulator.api_key: the environment variable "
          "NOT_SET is not set; set it for the server, or write {file: PATH}",
          "config.yaml:8: accounts[0].sources[0].cach: unknown key; did you mean cache?"));
}

}  // namespace
}  // namespace balance
