#include "clients/json/parse_json.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace balance {
namespace {

using Type = JsonValue::Type;

std::string NumberText(const std::string& token) {
  const auto value = ParseJson(token);
  return value && value->type == Type::kNumber ? value->text : "(refused)";
}

std::string Nested(std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

TEST(ParseJsonTest, KeepsEveryKindOfValueInOrder) {
  const auto value = ParseJson(R"( {"a":null,"b":true,"c":"x\u00e9","d":[1,false],"a":{}} )");

  ASSERT_TRUE(value);
  ASSERT_EQ(value->members.size(), 5u);
  EXPECT_TRUE(value->members[0].value.IsNull());
  EXPECT_TRUE(value->members[1].value.boolean);
  EXPECT_EQ(value->members[2].value.text, "x\xC3\xA9");
  ASSERT_EQ(value->members[3].value.elements.size(), 2u);
  EXPECT_EQ(value->members[3].value.elements[0].text, "1");
  EXPECT_EQ(value->members[4].name, "a");
  EXPECT_TRUE(value->members[4].value.IsObject());
  EXPECT_EQ(value->Find("a"), &value->members[0].value);
  EXPECT_EQ(value->Find("z"), nullptr);
}

TEST(ParseJsonTest, NumbersAreTheTextReceived) {
  for (const std::string token :
       {"0", "12", "-7", "1.10", "0.1", "310.0000", "-0.01", "1e-7", "5E2", "2.5e+2", "0e0",
        "9007199254740993", "9007199254740993.07", "18446744073709551615", "-9223372036854775808",
        "123456789012345678901234567890", "123456789012345678.123456789"}) {
    EXPECT_EQ(NumberText(token), token);
  }
}

TEST(ParseJsonTest, M94_ANumberThatNoDoubleHoldsIsTheTextReceived) {
  const std::vector<std::string> numbers = {"1E400", "-1e+999", "1" + std::string(400, '0')};
  for (const std::string& number : numbers) {
    const auto value = ParseJson(R"({"before":[1, "1E400", )" + number + R"(], "same":)" + number +
                                 R"(, "\u20ac":0})");

    ASSERT_TRUE(value) << number;
    const JsonValue& before = value->members.at(0).value;
    EXPECT_EQ(before.elements.at(0).text, "1");
    EXPECT_TRUE(before.elements.at(1).IsString());
    EXPECT_EQ(before.elements.at(2).type, JsonValue::Type::kNumber);
    EXPECT_EQ(before.elements.at(2).text, number);
    EXPECT_EQ(value->Find("same")->text, number);
    EXPECT_EQ(value->Find("\u20ac")->text, "0");
    EXPECT_EQ(NumberText(number), number);
  }
}

TEST(ParseJsonTest, M94_NumbersThatNoDoubleHoldsAreLimited) {
  std::string list = "[1E400";
  for (std::size_t i = 1; i < kMaxHugeNumbers; ++i) list += ",1E400";

  EXPECT_TRUE(ParseJson(list + "]"));
  EXPECT_FALSE(ParseJson(list + ",1E400]"));
}

TEST(ParseJsonTest, NegativeZeroIsZero) { EXPECT_EQ(NumberText("-0"), "0"); }

TEST(ParseJsonTest, RefusesWhatIsNotOneCompleteDocument) {
  for (const std::string text :
       {"",      " ",     "{",   "[1,",           "{}{}",   "[] x",   "{\"a\":1,}", "[1 2]",
        "'a'",   "{a:1}", "NaN", "Infinity",      "+1",     "01",     ".5",         "1.",
        "0x10",  "/**/1", "tru", "<html></html>", "01E400", "1E400x", "[1E400",     "1E400 1E400",
        "\"\t\""}) {
    EXPECT_FALSE(ParseJson(text)) << text;
  }
}

TEST(ParseJsonTest, RefusesWhatHidesBehindANul) {
  EXPECT_FALSE(ParseJson(std::string_view("{}\0garbage", 10)));
  EXPECT_FALSE(ParseJson(std::string_view("{}\0", 3)));
}

TEST(ParseJsonTest, RefusesBadUtf8) {
  for (const std::string bytes :
       {"\xff", "\xc3", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\x80"}) {
    EXPECT_FALSE(ParseJson("\"" + bytes + "\""));
  }
  EXPECT_FALSE(ParseJson(R"("\ud800")"));
}

TEST(ParseJsonTest, DepthIsLimited) {
  EXPECT_TRUE(ParseJson(Nested(kMaxJsonDepth)));
  EXPECT_FALSE(ParseJson(Nested(kMaxJsonDepth + 1)));
}

TEST(ParseJsonTest, AMillionLevelsAreRefusedQuietly) {
  EXPECT_FALSE(ParseJson(Nested(1'000'000)));
  EXPECT_FALSE(ParseJson(std::string(1'000'000, '[')));
}

TEST(ParseJsonTest, NumberOfValuesIsLimited) {
  std::string most = "[0";
  for (std::size_t i = 2; i < kMaxJsonValues; ++i) most += ",0";

  EXPECT_TRUE(ParseJson(most + "]"));
  EXPECT_FALSE(ParseJson(most + ",0]"));
}

TEST(ParseJsonTest, EveryCutOfADocumentIsRefused) {
  const std::string whole = R"({"balances":[{"a":-1.5e3,"b":"\u20ac","c":[true,null]}]})";

  for (std::size_t length = 0; length < whole.size(); ++length) {
    EXPECT_FALSE(ParseJson(whole.substr(0, length))) << length;
  }
  EXPECT_TRUE(ParseJson(whole));
}

}  // namespace
}  // namespace balance
