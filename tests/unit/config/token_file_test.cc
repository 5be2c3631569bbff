#include "service/config/token_file.h"

#include <gtest/gtest.h>

namespace balance {
namespace {

using std::chrono::seconds;

const std::string kHash = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

std::string Problem(const std::string& text) {
  const auto tokens = ParseTokenFile(text);
  return tokens ? "" : std::to_string(tokens.error().line) + ": " + tokens.error().problem;
}

TEST(TokenFileTest, OneHashALine) {
  const std::string other(64, 'A');
  const auto tokens = ParseTokenFile("# of the dashboard\n\n " + kHash + " \r\n" + other);

  ASSERT_TRUE(tokens);
  ASSERT_EQ(tokens->size(), 2U);
  EXPECT_EQ(tokens->front().sha256.front(), 0xba);
  EXPECT_EQ(tokens->front().expire_time, WallTime::max());
  EXPECT_EQ(tokens->back().sha256.back(), 0xaa);
}

TEST(TokenFileTest, ATimeOfItsEndBehindTheHash) {
  const auto tokens = ParseTokenFile(kHash + "  2027-01-15T08:00:00.5Z\n");

  ASSERT_TRUE(tokens);
  EXPECT_EQ(tokens->front().expire_time,
            WallTime(seconds(1'800'000'000) + std::chrono::milliseconds(500)));
}

TEST(TokenFileTest, ATimePastAllClocksIsNoEnd) {
  const auto tokens = ParseTokenFile(kHash + " 9999-12-31T23:59:59Z");

  ASSERT_TRUE(tokens);
  EXPECT_EQ(tokens->front().expire_time, WallTime::max());
}

TEST(TokenFileTest, AnythingElseIsRefusedWithItsLine) {
  EXPECT_EQ(Problem(""), "0: holds no token");
  EXPECT_EQ(Problem("# nothing\n"), "0: holds no token");
  EXPECT_EQ(Problem("\nmy-secret-token\n"), "2: holds no SHA-256");
  EXPECT_EQ(Problem(kHash + "00\n"), "1: holds no SHA-256");
  EXPECT_EQ(Problem(kHash.substr(2) + "\n"), "1: holds no SHA-256");
  EXPECT_EQ(Problem(kHash.substr(1) + "g\n"), "1: holds no SHA-256");
  EXPECT_EQ(Problem(kHash + "\n" + kHash + " tomorrow"),
            "2: holds something else than a time behind the hash");
}

}  // namespace
}  // namespace balance
