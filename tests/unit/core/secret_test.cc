#include "clients/core/secret.h"

#include <gtest/gtest.h>
#include <sodium.h>

#include <ostream>
#include <string>
#include <type_traits>
#include <utility>

namespace balance {
namespace {

class SecretTest : public testing::Test {
 protected:
  SecretTest() { EXPECT_GE(sodium_init(), 0); }
};

TEST_F(SecretTest, HoldsItsBytesZerosIncluded) {
  const std::string bytes("a\0b", 3);
  const Secret secret(bytes);

  EXPECT_EQ(secret.Expose(), bytes);
  EXPECT_EQ(secret.size(), 3U);
  EXPECT_EQ(secret.ExposeBytes().size(), 3U);
}

TEST_F(SecretTest, AnEmptySecretIsFine) {
  const Secret secret("");

  EXPECT_EQ(secret.size(), 0U);
  EXPECT_TRUE(secret == Secret(""));
}

TEST_F(SecretTest, EqualsByContent) {
  EXPECT_TRUE(Secret("key") == Secret("key"));
  EXPECT_FALSE(Secret("key") == Secret("kez"));
  EXPECT_FALSE(Secret("key") == Secret("keys"));
}

TEST_F(SecretTest, OneThatWasMovedFromIsEmpty) {
  Secret from("key");
  const Secret to(std::move(from));

  // NOLINTBEGIN(bugprone-use-after-move): that is what this is about.
  EXPECT_EQ(from.size(), 0U);
  EXPECT_TRUE(from.Expose().empty());
  EXPECT_TRUE(from.ExposeBytes().empty());
  EXPECT_FALSE(from == to);
  EXPECT_TRUE(from == Secret(""));
  from = Secret("other");
  // NOLINTEND(bugprone-use-after-move)
  EXPECT_EQ(from.Expose(), "other");
  EXPECT_EQ(to.Expose(), "key");
}

template <typename T>
concept Printable = requires(std::ostream& out, const T& value) {
  out << value;
};

TEST_F(SecretTest, CanBeNeitherPrintedNorCopied) {
  static_assert(!Printable<Secret>);
  static_assert(!std::is_copy_constructible_v<Secret>);
  static_assert(!std::is_convertible_v<Secret, std::string>);
}

TEST_F(SecretTest, WipeEmptiesAString) {
  std::string text = "key";
  const char* bytes = text.data();
  Wipe(text);

  EXPECT_TRUE(text.empty());
  EXPECT_EQ(bytes[0], '\0');
}

}  // namespace
}  // namespace balance
