#include "tests/sandbox/flags.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/sandbox/env_file.h"

namespace balance::sandbox {
namespace {

std::optional<std::string> NoEnvironment(const std::string&) { return std::nullopt; }

TEST(FlagsTest, DefaultsLeaveAllToTheSystem) {
  const auto flags = ParseFlags({}, NoEnvironment);

  ASSERT_TRUE(flags);
  EXPECT_EQ(flags->options.polymarket_port, 0);
  EXPECT_EQ(flags->options.move_every, std::chrono::seconds(1));
  EXPECT_TRUE(flags->options.polymarket_keys.empty());
}

TEST(FlagsTest, ValuesFollowOrAreAttached) {
  const auto flags = ParseFlags({"--polymarket-port", "8081", "--control-port=8083", "--seed=9",
                                 "--move-every", "250ms", "--quiet"},
                                NoEnvironment);

  ASSERT_TRUE(flags);
  EXPECT_EQ(flags->options.polymarket_port, 8081);
  EXPECT_EQ(flags->options.control_port, 8083);
  EXPECT_EQ(flags->options.seed, 9U);
  EXPECT_EQ(flags->options.move_every, std::chrono::milliseconds(250));
  EXPECT_TRUE(flags->quiet);
}

TEST(FlagsTest, CredentialsOfFlagsWinOverTheEnvironments) {
  const Environment environment = [](const std::string& name) -> std::optional<std::string> {
    return "environment-" + name;
  };

  const auto flags = ParseFlags({"--polysim-api-key", "ps_live_flag"}, environment);

  ASSERT_TRUE(flags);
  EXPECT_EQ(flags->options.polysim_keys.at(0).api_key, "ps_live_flag");
  EXPECT_EQ(flags->options.polymarket_keys.at(0).key_id, "environment-POLYMARKET_KEY_ID");
}

TEST(FlagsTest, WrongArgumentsAreNamed) {
  const std::vector<std::vector<std::string>> wrong = {{"--what"},
                                                       {"extra"},
                                                       {"--control-port"},
                                                       {"--control-port", "x"},
                                                       {"--seed", "-1"},
                                                       {"--move-every=1h"},
                                                       {"--control-port", "65536"},
                                                       {"--only-logins"},
                                                       {"--polymarket-prefix=pm"}};

  for (const auto& arguments : wrong) {
    const auto flags = ParseFlags(arguments, NoEnvironment);
    ASSERT_FALSE(flags) << arguments.front();
    const std::string name = arguments.front().substr(0, arguments.front().find('='));
    EXPECT_NE(flags.error().message.find(name), std::string::npos) << flags.error().message;
  }
}

TEST(FlagsTest, PolymarketKeyNeedsBothHalves) {
  EXPECT_FALSE(ParseFlags({"--polymarket-key-id", "id"}, NoEnvironment));
}

TEST(EnvFileTest, IsPrivateAndReadableByAShell) {
  const std::string path = testing::TempDir() + "sandbox_env_" + std::to_string(getpid());

  ASSERT_TRUE(WriteEnvFile(path, {{"A", "http://127.0.0.1:80"}, {"B", "it's $HOME"}}));

  std::ifstream file(path);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  struct stat info {};
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  std::filesystem::remove(path);
  EXPECT_EQ(text, "A=http://127.0.0.1:80\nB='it'\\''s $HOME'\n");
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
}

TEST(EnvFileTest, UnwritablePathIsAnError) {
  EXPECT_FALSE(WriteEnvFile("/nonexistent/folder/env", {}));
}

}  // namespace
}  // namespace balance::sandbox
