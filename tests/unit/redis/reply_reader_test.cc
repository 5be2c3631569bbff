#include "clients/redis/reply_reader.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "clients/redis/redis_command.h"

namespace balance {
namespace {

using Type = RedisReply::Type;

TEST(ReplyReaderTest, EachTypeIsRead) {
  ReplyReader reader;

  ASSERT_TRUE(
      reader.Feed("+OK\r\n-ERR no\r\n:-7\r\n$3\r\na\r\n\r\n$-1\r\n*-1\r\n$0\r\n\r\n*0\r\n"));

  EXPECT_EQ(reader.Next()->type, Type::kStatus);
  EXPECT_EQ(reader.Next()->text, "ERR no");
  EXPECT_EQ(reader.Next()->AsInteger(), -7);
  EXPECT_EQ(reader.Next()->text, "a\r\n");
  EXPECT_EQ(reader.Next()->type, Type::kNil);
  EXPECT_EQ(reader.Next()->type, Type::kNil);
  EXPECT_EQ(reader.Next()->AsText(), "");
  EXPECT_EQ(reader.Next()->type, Type::kArray);
  EXPECT_FALSE(reader.Next());
  EXPECT_FALSE(reader.is_broken());
}

TEST(ReplyReaderTest, BytesMayComeOneByOne) {
  ReplyReader reader;
  const std::string_view bytes = "*3\r\n:1\r\n*2\r\n$2\r\nab\r\n$-1\r\n+x\r\n";

  for (std::size_t i = 0; i + 1 < bytes.size(); ++i) {
    ASSERT_TRUE(reader.Feed(bytes.substr(i, 1)));
    ASSERT_FALSE(reader.Next());
  }
  ASSERT_TRUE(reader.Feed(bytes.substr(bytes.size() - 1)));

  const auto reply = reader.Next();
  ASSERT_TRUE(reply);
  ASSERT_EQ(reply->elements.size(), 3U);
  EXPECT_EQ(reply->elements[1].elements[0].text, "ab");
  EXPECT_EQ(reply->elements[1].elements[1].type, Type::kNil);
  EXPECT_EQ(reply->elements[2].text, "x");
}

TEST(ReplyReaderTest, WhatIsNotRedisBreaksIt) {
  for (const std::string_view bytes :
       {"HTTP/1.1 400 Bad Request\r\n", "\x15\x03\x01", "$-2\r\n", "*-2\r\n", ":x\r\n", "%1\r\n",
        "$99999999999999999999\r\n", "*2147483648\r\n"}) {
    ReplyReader reader;
    reader.Feed(bytes);
    EXPECT_FALSE(reader.Next()) << bytes;
    EXPECT_TRUE(reader.is_broken()) << bytes;
    EXPECT_FALSE(reader.Feed("+OK\r\n"));
    EXPECT_FALSE(reader.Next());
  }
}

TEST(ReplyReaderTest, AReplyThatIsTooLargeBreaksItBeforeItIsThere) {
  ReplyReader reader;
  const std::string chunk(16 * 1024, 'x');
  ASSERT_TRUE(reader.Feed("$500000000\r\n"));

  std::size_t fed = 0;
  while (!reader.Next() && !reader.is_broken()) {
    ASSERT_LE(fed, ReplyReader::kMostBytes);
    reader.Feed(chunk);
    fed += chunk.size();
  }

  EXPECT_TRUE(reader.is_broken());
}

TEST(ReplyReaderTest, ManyRepliesInARowAreNoLargeReply) {
  ReplyReader reader;
  const std::string chunk = "$16000\r\n" + std::string(16000, 'x') + "\r\n";

  for (int i = 0; i < 200; ++i) {
    ASSERT_TRUE(reader.Feed(chunk));
    ASSERT_TRUE(reader.Next()) << i;
  }
}

// A few bytes that announce a lot: the memory is not set aside for it.
TEST(ReplyReaderTest, MoreElementsThanAnybodyAsksForBreakIt) {
  std::vector<std::string> floods = {"*1025\r\n", "*2147483647\r\n"};
  std::string nested;
  for (int depth = 0; depth < 7; ++depth) nested += "*1000\r\n";
  floods.push_back(nested);
  std::string wide = "*1000\r\n";
  for (int i = 0; i < 1000; ++i) wide += "*1000\r\n";
  floods.push_back(wide);
  std::string deep;
  for (int depth = 0; depth < 50; ++depth) deep += "*1\r\n";
  floods.push_back(deep);

  for (const std::string& flood : floods) {
    ReplyReader reader;
    reader.Feed(flood);
    EXPECT_FALSE(reader.Next());
    EXPECT_TRUE(reader.is_broken()) << flood.substr(0, 20);
  }
}

TEST(ReplyReaderTest, TheCountOfElementsBeginsAnewWithEachReply) {
  ReplyReader reader;
  std::string large = "*1000\r\n";
  for (int i = 0; i < 1000; ++i) large += ":1\r\n";

  for (int i = 0; i < 3; ++i) {
    reader.Feed(large);
    ASSERT_TRUE(reader.Next());
  }
}

TEST(RedisCommandTest, AnyBytesArePassedOn) {
  using std::string_view_literals::operator""sv;
  std::string out = "before";

  AppendCommand(out, {"SET", "a\0\r\n"sv, ""});

  EXPECT_EQ(out, "before*3\r\n$3\r\nSET\r\n$4\r\na\0\r\n\r\n$0\r\n\r\n"sv);
}

}  // namespace
}  // namespace balance
