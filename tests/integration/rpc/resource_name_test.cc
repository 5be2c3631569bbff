#include "service/rpc/resource_name.h"

#include <gtest/gtest.h>

namespace balance {
namespace {

TEST(ResourceNameTest, AccountNames) {
  EXPECT_EQ(ParseAccountName("accounts/desk-1"), "desk-1");
  for (const char* name : {"", "desk-1", "accounts/", "accounts/a/b", "account/a", "accounts/A"}) {
    EXPECT_EQ(ParseAccountName(name), std::nullopt) << name;
  }
}

TEST(ResourceNameTest, SourceNames) {
  const auto parts = ParseSourceName("accounts/desk-1/sources/real");

  ASSERT_TRUE(parts);
  EXPECT_EQ(parts->account, "desk-1");
  EXPECT_EQ(parts->source, "real");
  for (const char* name : {"", "real", "accounts/a/sources/", "accounts//sources/b",
                           "accounts/a/sources/b/sources/c", "accounts/a/source/b"}) {
    EXPECT_FALSE(ParseSourceName(name)) << name;
  }
}

}  // namespace
}  // namespace balance
