#include "service/config/json_text.h"

#include <gtest/gtest.h>

namespace balance {
namespace {

TEST(JsonTextTest, EscapesStrings) {
  EXPECT_EQ(JsonString(""), "\"\"");
  EXPECT_EQ(JsonString("a\"b\\c"), "\"a\\\"b\\\\c\"");
  EXPECT_EQ(JsonString(std::string_view("\0\n\x1f", 3)), "\"\\u0000\\u000a\\u001f\"");
  EXPECT_EQ(JsonString("caf\xc3\xa9"), "\"caf\xc3\xa9\"");
}

TEST(JsonTextTest, JoinsObjectsAndArrays) {
  EXPECT_EQ(JsonObject({}), "{}");
  EXPECT_EQ(JsonObject({{"a", "1"}, {"b", "[]"}}), "{\"a\":1,\"b\":[]}");
  EXPECT_EQ(JsonArray({}), "[]");
  EXPECT_EQ(JsonArray({"1", "{}"}), "[1,{}]");
}

}  // namespace
}  // namespace balance
