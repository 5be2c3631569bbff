#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <variant>

#include "tests/unit/config/config_files.h"

namespace balance {
namespace {

using testing::ElementsAre;

// The secret stands on line 5.
std::string WithApiKey(const std::string& origin) {
  return "accounts:\n"
         "- id: desk-1\n"
         "  sources:\n"
         "  - id: sim\n"
         "    polysimulator: {api_key: " +
         origin + "}\n";
}

std::string WithSecretKey(const std::string& origin) {
  return "accounts:\n"
         "- id: desk-1\n"
         "  sources:\n"
         "  - id: pm\n"
         "    polymarket_us: {key_id: {env: PM_ID}, secret_key: " +
         origin + "}\n";
}

constexpr const char* kApiKeyAt = "config.yaml:5: accounts[0].sources[0].polysimulator.api_key: ";
constexpr const char* kSecretKeyAt =
    "config.yaml:5: accounts[0].sources[0].polymarket_us.secret_key: ";

std::string_view LoadedApiKey(const ConfigResult& config) {
  return config->accounts[0].sources[0].login.secret->Expose();
}

TEST(SecretLoaderTest, ReadsFileAndDropsWhiteSpaceAround) {
  const ConfigFiles files;
  const std::string path = files.Write("key", std::string("\n  ") + kApiKey + " \r\n");

  const auto config = files.Load(WithApiKey("{file: " + path + "}"));

  ASSERT_TRUE(config);
  EXPECT_EQ(LoadedApiKey(config), kApiKey);
}

TEST(SecretLoaderTest, ReadsEnvironmentAndValue) {
  const ConfigFiles files;

  const auto from_env = files.Load(WithApiKey("{env: SIM_KEY}"));
  const auto from_value = files.Load(WithApiKey("{value: abc}"));

  ASSERT_TRUE(from_env && from_value);
  EXPECT_EQ(LoadedApiKey(from_env), kApiKey);
  EXPECT_EQ(LoadedApiKey(from_value), "abc");
}

TEST(SecretLoaderTest, FollowsLinksAndAllowsTheGroup) {
  const ConfigFiles files;
  std::filesystem::create_symlink(files.Write("data", kApiKey, 0440), files.PathOf("key"));

  EXPECT_TRUE(files.Load(WithApiKey("{file: " + files.PathOf("key") + "}")));
}

TEST(SecretLoaderTest, ReadsAfreshOnEveryLoad) {
  const ConfigFiles files;
  const std::string yaml = WithApiKey("{file: " + files.Write("key", "old") + "}");
  const auto before = files.Load(yaml);
  files.Write("key", "new");

  const auto after = files.Load(yaml);

  ASSERT_TRUE(before && after);
  EXPECT_EQ(LoadedApiKey(before), "old");
  EXPECT_EQ(LoadedApiKey(after), "new");
}

TEST(SecretLoaderTest, RefusesFileOpenToOthers) {
  const ConfigFiles files;
  for (const mode_t mode : {0644U, 0602U, 0601U}) {
    const std::string path = files.Write("key", kApiKey, mode);
    EXPECT_THAT(files.Problems(WithApiKey("{file: " + path + "}")),
                ElementsAre(std::string(kApiKeyAt) +
                            "the file key is accessible to every user; take that away, such as "
                            "with chmod o-rwx"));
  }
}

TEST(SecretLoaderTest, RefusesMissingFile) {
  const ConfigFiles files;
  EXPECT_THAT(files.Problems(WithApiKey("{file: " + files.PathOf("none") + "}")),
              ElementsAre(std::string(kApiKeyAt) +
                          "the file none cannot be read: No such file or directory; name a "
                          "readable file that holds nothing but the secret"));
}

TEST(SecretLoaderTest, RefusesPipeAtOnce) {
  const ConfigFiles files;
  ASSERT_EQ(mkfifo(files.PathOf("key").c_str(), 0600), 0);

  EXPECT_THAT(files.Problems(WithApiKey("{file: " + files.PathOf("key") + "}")),
              ElementsAre(std::string(kApiKeyAt) +
                          "the file key is not a regular file; name a readable file that holds "
                          "nothing but the secret"));
}

TEST(SecretLoaderTest, RefusesEmptyFile) {
  const ConfigFiles files;
  EXPECT_THAT(files.Problems(WithApiKey("{file: " + files.Write("key", " \n") + "}")),
              ElementsAre(std::string(kApiKeyAt) + "the secret is empty; store the secret there"));
}

TEST(SecretLoaderTest, RefusesLargeFile) {
  const ConfigFiles files;
  const std::string path = files.Write("key", std::string(4097, 'x'));
  EXPECT_THAT(files.Problems(WithApiKey("{file: " + path + "}")),
              ElementsAre(std::string(kApiKeyAt) +
                          "the file key is larger than 4096 bytes; name a readable file that holds "
                          "nothing but the secret"));
}

TEST(SecretLoaderTest, RefusesUnsetAndEmptyVariable) {
  ConfigFiles files;
  files.SetEnv("EMPTY", "");

  EXPECT_THAT(files.Problems(WithApiKey("{env: NOT_SET}")),
              ElementsAre(std::string(kApiKeyAt) +
                          "the environment variable NOT_SET is not set; set it for the server, or "
                          "write {file: PATH}"));
  EXPECT_THAT(files.Problems(WithApiKey("{env: EMPTY}")),
              ElementsAre(std::string(kApiKeyAt) + "the secret is empty; store the secret there"));
}

TEST(SecretLoaderTest, RefusesMissingOrigin) {
  EXPECT_THAT(ConfigFiles().Problems(WithApiKey("{}")),
              ElementsAre(std::string(kApiKeyAt) +
                          "does not say where the secret is; write {file: PATH} or {env: NAME}"));
}

TEST(SecretLoaderTest, RefusesEmptyOrigin) {
  EXPECT_THAT(
      ConfigFiles().Problems(WithApiKey("{file: ''}")),
      ElementsAre(std::string(kApiKeyAt) + "names no file; write {file: PATH} or {env: NAME}"));
  EXPECT_THAT(ConfigFiles().Problems(WithApiKey("{env: ''}")),
              ElementsAre(std::string(kApiKeyAt) +
                          "names no environment variable; set it for the server, or write {file: "
                          "PATH}"));
}

TEST(SecretLoaderTest, RefusesMissingSecret) {
  EXPECT_THAT(
      ConfigFiles().Problems("accounts:\n"
                             "- id: desk-1\n"
                             "  sources:\n"
                             "  - id: sim\n"
                             "    polysimulator: {}\n"),
      ElementsAre(std::string(kApiKeyAt) + "is missing; write {file: PATH} or {env: NAME}"));
}

TEST(SecretLoaderTest, RefusesSecretWrittenWithoutOrigin) {
  EXPECT_THAT(ConfigFiles().Problems(WithApiKey(kApiKey)),
              ElementsAre(std::string(kApiKeyAt) +
                          "is not a mapping; write its keys below it: file, env, value"));
}

TEST(SecretLoaderTest, RefusesWhatCannotStandInAHeader) {
  ConfigFiles files;
  for (const char* key : {"two words", "two\nlines", "tab\there", "caf\xc3\xa9", "bell\a"}) {
    files.SetEnv("SIM_KEY", key);
    EXPECT_THAT(files.Problems(WithApiKey("{env: SIM_KEY}")),
                ElementsAre(std::string(kApiKeyAt) +
                            "the secret holds a space, a control or a non-ASCII character; store "
                            "nothing but the secret there, on one line"));
  }
}

TEST(SecretLoaderTest, RefusesSecretKeyOfWrongForm) {
  ConfigFiles files;
  const std::string short_key = "AAECAwQFBgc=";
  const std::string url_safe = "__ECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
  for (const std::string& key : {short_key, url_safe, std::string("not-base64!")}) {
    files.SetEnv("PM_SECRET", key);
    EXPECT_THAT(
        files.Problems(WithSecretKey("{env: PM_SECRET}")),
        ElementsAre(std::string(kSecretKeyAt) +
                    "is not base64 of 32 or 64 bytes; store the secret key as Polymarket US "
                    "shows it"))
        << key;
  }
}

TEST(SecretLoaderTest, SecretKeyBecomesItsSeed) {
  const auto config = ConfigFiles().Load(WithSecretKey("{env: PM_SECRET}"));

  ASSERT_TRUE(config);
  const auto& login = config->accounts[0].sources[0].login;
  EXPECT_EQ(login.key_id, kKeyId);
  ASSERT_EQ(login.secret->size(), 32U);
  EXPECT_EQ(login.secret->Expose()[31], '\x1f');
}

TEST(SecretLoaderTest, M137_APlaceholderThatNobodyFilledInIsRefused) {
  ConfigFiles files;
  const std::string issue = std::string(kApiKeyAt) +
                            "the secret is a placeholder that nobody has filled in; for the value "
                            "of an environment variable write {env: NAME}";
  for (const std::string placeholder : {"${POLYSIM_API_KEY}", "$POLYSIM_API_KEY",
                                        "${POLYSIM_API_KEY:-none}", "{{api_key}}", "***"}) {
    files.SetEnv("SIM_KEY", placeholder);
    for (const std::string& secret :
         {"{value: '" + placeholder + "'}", std::string("{env: SIM_KEY}"),
          "{file: " + files.Write("key", placeholder + "\n") + "}"}) {
      EXPECT_THAT(files.Problems(WithApiKey(secret)), ElementsAre(issue)) << secret;
    }
  }
}

}  // namespace
}  // namespace balance
