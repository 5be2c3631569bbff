#include "clients/venue/reply_document.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace balance {
namespace {

constexpr std::array<std::string_view, 2> kSecrets = {"key-id-1", "4711081547110815"};

TEST(ReadReplyTest, OnlyOneWholeObjectIsAReply) {
  EXPECT_TRUE(ReadReply(R"({"balances":[]})", {}));
  for (const std::string body : {"", "[]", "1", "{}{}", "{\"a\":1"}) {
    EXPECT_FALSE(ReadReply(body, {})) << body;
  }
}

TEST(ReadReplyTest, M96_ATextANameOrANumberThatHoldsASecretIsMasked) {
  const auto reply = ReadReply(
      R"({"a":"for KEY-ID-1","b":[{"c":"\u006bey-id-1"}],"x-key-id-1":true,"d":4711081547110815.5})",
      kSecrets);

  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->Find("a")->text, "***");
  EXPECT_EQ(reply->Find("b")->elements.at(0).Find("c")->text, "***");
  EXPECT_TRUE(reply->Find("***")->boolean);
  EXPECT_EQ(reply->Find("x-key-id-1"), nullptr);
  EXPECT_EQ(reply->Find("d")->text, "***");
  EXPECT_TRUE(reply->Find("d")->IsString());
}

TEST(ReadReplyTest, EverythingElseStays) {
  const auto reply =
      ReadReply(R"({"key-id":"key-id-","n":4711,"t":"4bf92f3577b34da6a3ce"})", kSecrets);

  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->Find("key-id")->text, "key-id-");
  EXPECT_EQ(reply->Find("n")->text, "4711");
  EXPECT_EQ(reply->Find("t")->text, "4bf92f3577b34da6a3ce");
}

}  // namespace
}  // namespace balance
