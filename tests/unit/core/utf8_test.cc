#include "clients/core/utf8.h"

#include <gtest/gtest.h>

#include <string>

namespace balance {
namespace {

TEST(Utf8Test, AcceptsCharactersOfEveryLength) {
  for (const std::string& text :
       {std::string(), std::string("a\0b", 3), std::string("\xc2\x80\xdf\xbf"),
        std::string("\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbb\xbf"),
        std::string("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf")}) {
    EXPECT_EQ(ValidUtf8Prefix(text), text.size());
  }
}

TEST(Utf8Test, StopsAtTheFirstBadByte) {
  for (const char* bad :
       {"\x80", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2z", "\xe0\x9f\xbf", "\xe2\x82", "\xe2\x82z",
        "\xed\xa0\x80", "\xf0\x8f\xbf\xbf", "\xf0\x9f\x98", "\xf4\x90\x80\x80", "\xf5", "\xff"}) {
    EXPECT_EQ(ValidUtf8Prefix(std::string("ok") + bad), 2U);
  }
}

TEST(Utf8Test, TellsTheFirstCharacter) {
  const auto euro = FirstUtf8Character("\xe2\x82\xac uro");
  ASSERT_TRUE(euro);
  EXPECT_EQ(euro->code_point, U'\u20ac');
  EXPECT_EQ(euro->bytes, 3U);
  EXPECT_FALSE(FirstUtf8Character(""));
  EXPECT_FALSE(FirstUtf8Character("\xe2\x82"));
  EXPECT_FALSE(FirstUtf8Character("\xac"));
}

TEST(Utf8Test, CutsBetweenCharacters) {
  EXPECT_EQ(Utf8Prefix("abc", 3), "abc");
  EXPECT_EQ(Utf8Prefix("abcd", 3), "abc");
  EXPECT_EQ(Utf8Prefix("ab\xE2\x82\xAC", 4), "ab");
  EXPECT_EQ(Utf8Prefix("ab\xE2\x82\xAC", 5), "ab\xE2\x82\xAC");
  EXPECT_EQ(Utf8Prefix("\xE2\x82\xAC", 2), "");
}

TEST(Utf8Test, CountsCharactersAndNotBytes) {
  EXPECT_EQ(CountUtf8Characters("a\xE2\x82\xAC\xf0\x9f\x98\x80"), 3U);
  EXPECT_EQ(CountUtf8Characters(""), 0U);
}

}  // namespace
}  // namespace balance
