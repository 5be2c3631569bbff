#include <gtest/gtest.h>

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

}  // namespace
}  // namespace balance
