#include <gtest/gtest.h>

#include <string>

#include "clients/venue/ascii.h"
#include "clients/venue/bounded_text.h"

namespace balance {
namespace {

TEST(BoundedTest, CutsBetweenCharacters) {
  EXPECT_EQ(Bounded("abc", 3), "abc");
  EXPECT_EQ(Bounded("abcd", 3), "abc");
  EXPECT_EQ(Bounded("ab\xE2\x82\xAC", 4), "ab");
  EXPECT_EQ(Bounded("ab\xE2\x82\xAC", 5), "ab\xE2\x82\xAC");
  EXPECT_EQ(Bounded("\xE2\x82\xAC", 2), "");
}

TEST(AsciiLowerTest, ChangesLettersOnly) {
  EXPECT_EQ(AsciiLower("A-z_9\xC3\x89"), "a-z_9\xC3\x89");
}

TEST(IsHeaderSafeTest, RefusesWhatCouldMakeAnotherHeader) {
  EXPECT_TRUE(IsHeaderSafe("ps_live_0123~!"));
  for (const std::string value :
       {"", "a b", "a\rb", "a\nb", "a\r\nX-Other: 1", "a\tb", "a\x7f", "\xC3\xA9"}) {
    EXPECT_FALSE(IsHeaderSafe(value));
  }
  EXPECT_FALSE(IsHeaderSafe(std::string_view("a\0b", 3)));
}

}  // namespace
}  // namespace balance
