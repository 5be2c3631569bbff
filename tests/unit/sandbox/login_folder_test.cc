#include "tests/sandbox/login_folder.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace balance::sandbox {
namespace {

class LoginFolderTest : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directory(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  const std::string folder_ = testing::TempDir() + "login_folder_" + std::to_string(getpid());
};

TEST_F(LoginFolderTest, ASecondProcessFindsTheLoginsOfTheFirst) {
  SandboxOptions first;
  SandboxOptions second;

  ASSERT_TRUE(UseLoginFolder(folder_, first));
  ASSERT_TRUE(UseLoginFolder(folder_, second));

  EXPECT_FALSE(first.polymarket_keys.at(0).key_id.empty());
  EXPECT_EQ(first.polymarket_keys.at(0).key_id, second.polymarket_keys.at(0).key_id);
  EXPECT_EQ(first.polymarket_keys.at(0).secret_key, second.polymarket_keys.at(0).secret_key);
  EXPECT_EQ(first.polysim_keys.at(0).api_key, second.polysim_keys.at(0).api_key);
}

TEST_F(LoginFolderTest, WhatItWritesIsForTheGroupToRead) {
  SandboxOptions options;

  ASSERT_TRUE(UseLoginFolder(folder_, options));

  for (const char* name : {"polymarket-us-key-id", "polymarket-us-secret", "polysimulator-key"}) {
    struct stat info {};
    ASSERT_EQ(stat((folder_ + "/" + name).c_str(), &info), 0) << name;
    EXPECT_EQ(info.st_mode & 0777U, 0440U) << name;
  }
}

TEST_F(LoginFolderTest, AFileWinsOverAGivenLogin) {
  std::ofstream(folder_ + "/polysimulator-key") << "ps_live_file\n";
  SandboxOptions options;
  options.polysim_keys = {{"ps_live_given", "main", KeyState::kActive}};
  options.polymarket_keys = {{"given-id", "given-secret", "main"}};

  ASSERT_TRUE(UseLoginFolder(folder_, options));

  EXPECT_EQ(options.polysim_keys.at(0).api_key, "ps_live_file");
  EXPECT_EQ(options.polymarket_keys.at(0).key_id, "given-id");
}

TEST_F(LoginFolderTest, AnEmptyFileAndAMissingFolderAreErrors) {
  std::ofstream(folder_ + "/polysimulator-key") << "";
  SandboxOptions options;

  const auto empty = UseLoginFolder(folder_, options);
  const auto missing = UseLoginFolder(folder_ + "/nowhere", options);

  ASSERT_FALSE(empty);
  EXPECT_NE(empty.error().message.find("polysimulator-key"), std::string::npos);
  EXPECT_FALSE(missing);
}

}  // namespace
}  // namespace balance::sandbox
