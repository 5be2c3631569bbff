#include "service/config/field_lines.h"

#include <gtest/gtest.h>

namespace balance {
namespace {

TEST(FieldLinesTest, FindsWhatWasSet) {
  FieldLines lines;
  lines.Set("listen", 1);
  lines.Set("accounts", 2);
  lines.Set("accounts[0]", 3);
  lines.Set("accounts[0].sources[11].cache.ttl", 4);
  lines.Set("accounts[1].id", 0);

  EXPECT_EQ(lines.Find("listen"), 1);
  EXPECT_EQ(lines.Find("accounts"), 2);
  EXPECT_EQ(lines.Find("accounts[0]"), 3);
  EXPECT_EQ(lines.Find("accounts[0].sources[11].cache.ttl"), 4);
  EXPECT_EQ(lines.Find("accounts[1].id"), 0);
}

TEST(FieldLinesTest, WhatLiesOnTheWayIsNotSet) {
  FieldLines lines;
  lines.Set("accounts[1].sources[2].cache.ttl", 4);

  for (const char* path :
       {"", "accounts", "accounts[0]", "accounts[1]", "accounts[1].sources",
        "accounts[1].sources[1]", "accounts[1].sources[2]", "accounts[1].sources[2].cache",
        "accounts[1].sources[2].cache.max_stale", "accounts[1].sources[2].cache.ttl.x",
        "accounts[1].sources[3]", "accounts[2]", "acc", "accounts.sources"}) {
    EXPECT_EQ(lines.Find(path), std::nullopt) << path;
  }
}

TEST(FieldLinesTest, ALaterLineCounts) {
  FieldLines lines;
  lines.Set("cache.ttl", 1);
  lines.Set("cache.ttl", 2);

  EXPECT_EQ(lines.Find("cache.ttl"), 2);
}

TEST(FieldLinesTest, NearestIsTheFieldItselfOrOneAroundIt) {
  FieldLines lines;
  lines.Set("accounts", 2);
  lines.Set("accounts[0]", 3);
  lines.Set("accounts[0].sources[1].id", 5);

  EXPECT_EQ(lines.Nearest("accounts[0].sources[1].id"), 5);
  EXPECT_EQ(lines.Nearest("accounts[0].sources[1].pool"), 3);
  EXPECT_EQ(lines.Nearest("accounts[0].sources"), 3);
  EXPECT_EQ(lines.Nearest("accounts[7].id"), 2);
  EXPECT_EQ(lines.Nearest("cache.ttl"), 0);
  EXPECT_EQ(lines.Nearest(""), 0);
}

// Keys of the file end up in paths: whatever they are, they do no harm.
TEST(FieldLinesTest, AnythingIsAPath) {
  FieldLines lines;
  for (const char* path :
       {".", "[", "]", "[]", "[x]", "[1", "a..b", "a[", "a[1]b", "[99", "-[0]"}) {
    EXPECT_EQ(lines.Find(path), std::nullopt) << path;
    lines.Set(path, 7);
    EXPECT_EQ(lines.Find(path), 7) << path;
  }
}

}  // namespace
}  // namespace balance
