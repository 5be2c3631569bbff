#include "clients/core/ascii.h"

#include <gtest/gtest.h>

#include <string>

namespace balance {
namespace {

TEST(ToAsciiLowerTest, ChangesLettersOnly) {
  EXPECT_EQ(ToAsciiLower("A-z_9\xC3\x89"), "a-z_9\xC3\x89");
  EXPECT_EQ(ToAsciiUpper("A-z_9\xC3\xA9"), "A-Z_9\xC3\xA9");
}

TEST(EqualIgnoringAsciiCaseTest, HeedsEverythingButTheCaseOfLetters) {
  EXPECT_TRUE(EqualIgnoringAsciiCase("Retry-After", "retry-aFTER"));
  EXPECT_FALSE(EqualIgnoringAsciiCase("Retry-After", "Retry-Afte"));
  EXPECT_FALSE(EqualIgnoringAsciiCase("a@", "a`"));
}

TEST(TrimAsciiTest, TakesBlanksFromBothEndsOnly) {
  EXPECT_EQ(TrimAscii(" \t\r\n\v\fa b\n"), "a b");
  EXPECT_EQ(TrimAscii("\xC2\xA0 "), "\xC2\xA0");
  EXPECT_EQ(TrimAscii(" \n "), "");
}

TEST(IsAsciiNumberTest, IsDigitsOnlyAndAtLeastOne) {
  EXPECT_TRUE(IsAsciiNumber("0123456789"));
  for (const std::string text : {"", "-1", "1.0", " 1", "\xD9\xA1"})
    EXPECT_FALSE(IsAsciiNumber(text));
}

TEST(IsAsciiWordTest, RefusesWhatCouldMakeAnotherHeader) {
  EXPECT_TRUE(IsAsciiWord("ps_live_0123~!"));
  for (const std::string value :
       {"", "a b", "a\rb", "a\nb", "a\r\nX-Other: 1", "a\tb", "a\x7f", "\xC3\xA9"}) {
    EXPECT_FALSE(IsAsciiWord(value));
  }
  EXPECT_FALSE(IsAsciiWord(std::string_view("a\0b", 3)));
}

}  // namespace
}  // namespace balance
