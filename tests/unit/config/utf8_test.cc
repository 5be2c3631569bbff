#include "service/config/utf8.h"

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

}  // namespace
}  // namespace balance
