#include "clients/json/read_decimal.h"

#include <gtest/gtest.h>

#include <string>

#include "clients/json/parse_json.h"

namespace balance {
namespace {

// The amount in plain notation, "unset" or "refused".
std::string Read(const std::string& json) {
  const auto amount = ReadDecimal(*ParseJson(json));
  if (!amount) return "refused";
  return *amount ? (*amount)->ToString() : "unset";
}

TEST(ReadDecimalTest, NumberOrStringMakesTheSameMoney) {
  struct Case {
    std::string text;
    std::string plain;
  };
  for (const Case& c :
       {Case{"0", "0"}, Case{"1.10", "1.10"}, Case{"-0.01", "-0.01"}, Case{"1.25e3", "1250"},
        Case{"1e-7", "0.0000001"}, Case{"0e0", "0"}, Case{"-0.00", "0.00"},
        Case{"9007199254740993.07", "9007199254740993.07"}, Case{"1.23E+2", "123"}}) {
    EXPECT_EQ(Read(c.text), c.plain);
    EXPECT_EQ(Read('"' + c.text + '"'), c.plain);
  }
}

TEST(ReadDecimalTest, NullIsUnset) { EXPECT_EQ(Read("null"), "unset"); }

TEST(ReadDecimalTest, NothingElseIsMoney) {
  for (const std::string json : {"true", "false", "{}", "[]", "[1]", R"({"value":"1"})", R"("")",
                                 R"("abc")", R"(" 1")", R"("1 ")", R"("1,000")", R"("$1")",
                                 R"("NaN")", R"("+1")", R"("0x1")", R"("1e999")", "1e-300"}) {
    EXPECT_EQ(Read(json), "refused") << json;
  }
}

}  // namespace
}  // namespace balance
