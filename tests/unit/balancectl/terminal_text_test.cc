#include "clients/balancectl/terminal_text.h"

#include <gtest/gtest.h>

#include <string>

namespace balance::ctl {
namespace {

TEST(TerminalTextTest, OrdinaryTextStaysAsItIs) {
  for (const char* text : {"", "USD", "a b\\x1b", "caf\u00e9", "\u4f59\u989d", "\U0001f4b5"}) {
    EXPECT_EQ(SafeText(text), text);
  }
}

TEST(TerminalTextTest, ControlCharactersAreWrittenOut) {
  EXPECT_EQ(SafeText("\x1b[31mred\a"), "\\x1b[31mred\\x07");
  EXPECT_EQ(SafeText("a\r\n\tb\x7f"), "a\\x0d\\x0a\\x09b\\x7f");
  EXPECT_EQ(SafeText(std::string("a\0b", 3)), "a\\x00b");
  EXPECT_EQ(SafeText("\u009b31m"), "\\u{009b}31m");
}

TEST(TerminalTextTest, InvisibleAndDirectionMarksAreWrittenOut) {
  EXPECT_EQ(SafeText("1\u202e2"), "1\\u{202e}2");
  EXPECT_EQ(SafeText("1\u20662\u2069"), "1\\u{2066}2\\u{2069}");
  EXPECT_EQ(SafeText("1\u200b2\ufeff"), "1\\u{200b}2\\u{feff}");
  EXPECT_EQ(SafeText("\U000e0041"), "\\u{e0041}");
}

TEST(TerminalTextTest, BytesThatAreNotUtf8AreWrittenOut) {
  EXPECT_EQ(SafeText("\xff"), "\\xff");
  EXPECT_EQ(SafeText("\xc3"), "\\xc3");
  EXPECT_EQ(SafeText("\xc0\x9b"), "\\xc0\\x9b");
  EXPECT_EQ(SafeText("\xed\xa0\x80"), "\\xed\\xa0\\x80");
  EXPECT_EQ(SafeText("\x9b"
                     "31m"),
            "\\x9b31m");
}

TEST(TerminalTextTest, SafeTextTwiceIsSafeTextOnce) {
  const std::string once = SafeText("\x1b[2J\u202e\xff\\");

  EXPECT_EQ(SafeText(once), once);
}

TEST(TerminalTextTest, WidthCountsCodePoints) {
  EXPECT_EQ(DisplayWidth("abc"), 3u);
  EXPECT_EQ(DisplayWidth("caf\u00e9"), 4u);
}

TEST(TerminalTextTest, PaintsOnlyACanvasWithColour) {
  EXPECT_EQ(Paint("FRESH", Style::kGood, {0, false}), "FRESH");
  EXPECT_EQ(Paint("FRESH", Style::kGood, {0, true}), "\x1b[32mFRESH\x1b[0m");
  EXPECT_EQ(Paint("FRESH", Style::kPlain, {0, true}), "FRESH");
  EXPECT_EQ(Paint("\x1b[0m", Style::kBad, {0, true}), "\x1b[31m\\x1b[0m\x1b[0m");
}

TEST(TerminalTextTest, WrapsAtTheWidthWithHangingIndent) {
  EXPECT_EQ(Wrap("note: ", 6, "one two three", {14, false}),
            "note: one two\n"
            "      three\n");
}

TEST(TerminalTextTest, LongWordsAreNotCut) {
  EXPECT_EQ(Wrap("> ", 2, "a incomprehensible b", {8, false}),
            "> a\n"
            "  incomprehensible\n"
            "  b\n");
}

TEST(TerminalTextTest, NoWidthMeansNoWrapping) {
  EXPECT_EQ(Wrap("> ", 2, "one two\nthree", {0, false}), "> one two\\x0athree\n");
}

}  // namespace
}  // namespace balance::ctl
