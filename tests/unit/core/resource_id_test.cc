#include "clients/core/resource_id.h"

#include <gtest/gtest.h>

#include <string>

namespace balance {
namespace {

TEST(ResourceIdTest, IdsAreLowerCaseLettersDigitsAndInnerHyphens) {
  for (const char* id : {"a", "7", "desk-1", "a--b"}) EXPECT_TRUE(IsResourceId(id)) << id;
  for (const char* id : {"", "-a", "a-", "A", "a_b", "a/b", "a b", "ä"}) {
    EXPECT_FALSE(IsResourceId(id)) << id;
  }
  EXPECT_TRUE(IsResourceId(std::string(63, 'a')));
  EXPECT_FALSE(IsResourceId(std::string(64, 'a')));
}

}  // namespace
}  // namespace balance
