#include "clients/balancectl/text_table.h"

#include <gtest/gtest.h>

namespace balance::ctl {
namespace {

TextTable Money() {
  return TextTable({{"NAME", Align::kLeft}, {"AMOUNT", Align::kPoint}, {"AGE", Align::kRight}});
}

TEST(TextTableTest, PointsStandBelowEachOther) {
  TextTable table = Money();
  table.AddRow({{"a"}, {"1234.5600"}, {"1s"}});
  table.AddRow({{"long name"}, {"-0.5"}, {"1m 20s"}});
  table.AddRow({{"c"}, {"7"}, {"2s"}});
  table.AddRow({{"d"}, {"-"}, {"-"}});

  EXPECT_EQ(table.Render(2, {}),
            "  NAME          AMOUNT     AGE\n"
            "  a          1234.5600      1s\n"
            "  long name    -0.5     1m 20s\n"
            "  c             7           2s\n"
            "  d             -            -\n");
}

TEST(TextTableTest, WideTitleKeepsFiguresAtTheRight) {
  TextTable table({{"AVAILABLE", Align::kPoint}, {"X", Align::kLeft}});
  table.AddRow({{"1.25"}, {"x"}});
  table.AddRow({{"20"}, {"y"}});

  EXPECT_EQ(table.Render(0, {}),
            "AVAILABLE  X\n"
            "     1.25  x\n"
            "    20     y\n");
}

TEST(TextTableTest, RemarkRunsOnOverTheColumnsThatFollow) {
  TextTable table = Money();
  table.AddRow({{"a"}, {"12.00"}, {"1s"}});
  table.AddRow({{"b"}, {"unknown (missing: c, d)"}});

  EXPECT_EQ(table.Render(0, {}),
            "NAME  AMOUNT  AGE\n"
            "a      12.00   1s\n"
            "b     unknown (missing: c, d)\n");
}

TEST(TextTableTest, NoLineEndsWithSpace) {
  TextTable table = Money();
  table.AddRow({{"a"}, {""}, {""}});
  table.AddRow({{"b"}});

  EXPECT_EQ(table.Render(0, {}),
            "NAME  AMOUNT  AGE\n"
            "a\n"
            "b\n");
}

TEST(TextTableTest, NarrowCanvasTurnsRowsIntoRecords) {
  TextTable table = Money();
  table.AddRow({{"a"}, {"1234.5600"}, {"1s"}});
  table.AddRow({{"b"}, {"2"}, {""}});

  EXPECT_EQ(table.Render(1, {21, false}),
            " NAME     AMOUNT  AGE\n"
            " a     1234.5600   1s\n"
            " b        2\n");
  EXPECT_EQ(table.Render(1, {20, false}),
            " NAME    a\n"
            " AMOUNT  1234.5600\n"
            " AGE     1s\n"
            "\n"
            " NAME    b\n"
            " AMOUNT  2\n");
}

TEST(TextTableTest, ColourDoesNotMoveColumns) {
  TextTable table = Money();
  table.AddRow({{"a", Style::kGood}, {"1.5", Style::kBad}, {"1s"}});

  EXPECT_EQ(table.Render(0, {0, true}),
            "\x1b[2mNAME\x1b[0m  \x1b[2mAMOUNT\x1b[0m  \x1b[2mAGE\x1b[0m\n"
            "\x1b[32ma\x1b[0m        \x1b[31m1.5\x1b[0m   1s\n");
}

TEST(TextTableTest, HostileCellsAreWrittenOut) {
  TextTable table({{"NAME", Align::kLeft}, {"X", Align::kLeft}});
  table.AddRow({{"a\x1b[2J\n"}, {"x"}});

  EXPECT_EQ(table.Render(0, {}),
            "NAME          X\n"
            "a\\x1b[2J\\x0a  x\n");
}

}  // namespace
}  // namespace balance::ctl
