#include "clients/venue/odd_fields.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "clients/json/parse_json.h"

namespace balance {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;

JsonMember Field(const std::string& name, const std::string& json) {
  return {name, *ParseJson(json)};
}

class OddFieldsTest : public testing::Test {
 protected:
  // The sentence of the warning; empty if there is none.
  std::string Named(WarningKind kind = WarningKind::kUnknownFields) const {
    std::vector<Warning> warnings;
    fields_.AddWarnings(warnings);
    for (const Warning& warning : warnings) {
      if (warning.kind == kind) return warning.detail;
    }
    return "";
  }
  std::string Unreadable() const { return Named(WarningKind::kFieldUnreadable); }

  OddFields fields_;
  CurrencyBalance row_;
};

TEST_F(OddFieldsTest, DocumentedScalarsAreKeptSilently) {
  fields_.KeepDocumented(Field("a", "1.50"), row_);
  fields_.KeepDocumented(Field("b", "\"x\""), row_);
  fields_.KeepDocumented(Field("c", "true"), row_);
  fields_.KeepDocumented(Field("d", "false"), row_);
  fields_.KeepDocumented(Field("e", "null"), row_);

  EXPECT_THAT(row_.other_fields, ElementsAre(Pair("a", "1.50"), Pair("b", "x"), Pair("c", "true"),
                                             Pair("d", "false")));
  EXPECT_EQ(Named(), "");
}

TEST_F(OddFieldsTest, UnknownScalarsAreKeptAndNamed) {
  fields_.KeepUnknown(Field("newThing", "7"), row_);
  fields_.KeepUnknown(Field("newNull", "null"), row_);

  EXPECT_THAT(row_.other_fields, ElementsAre(Pair("newThing", "7")));
  EXPECT_THAT(Named(), HasSubstr(": newThing, newNull."));
  EXPECT_EQ(Unreadable(), "");
}

TEST_F(OddFieldsTest, NestedValuesAreDroppedAndNamed) {
  fields_.KeepDocumented(Field("displayedCash", R"({"value":"secretish"})"), row_);
  fields_.KeepUnknown(Field("list", "[1]"), row_);

  EXPECT_TRUE(row_.other_fields.empty());
  EXPECT_THAT(Named(), HasSubstr(": list."));
  EXPECT_THAT(Unreadable(), HasSubstr(": displayedCash."));
  EXPECT_THAT(Named() + Unreadable(), Not(HasSubstr("secretish")));
}

TEST_F(OddFieldsTest, LongTextsAreShortenedAndLongNumbersDropped) {
  const std::string long_text(OddFields::kMaxFieldText + 1, '1');

  fields_.KeepDocumented(Field("text", '"' + long_text + '"'), row_);
  fields_.KeepDocumented({"number", {JsonValue::Type::kNumber, false, long_text, {}, {}}}, row_);

  EXPECT_THAT(row_.other_fields, ElementsAre(Pair("text", long_text.substr(1))));
  EXPECT_THAT(Unreadable(), HasSubstr(": number."));
}

TEST_F(OddFieldsTest, NamesAreCleanedCutAndCounted) {
  fields_.NameUnknown("a\r\nb\x1b[31m");
  fields_.NameUnknown(std::string(500, 'n'));
  for (int i = 0; i < 20; ++i) fields_.NameUnknown("f" + std::to_string(i));

  EXPECT_THAT(Named(), HasSubstr(": a??b??31m, " + std::string(64, 'n') + ", f0, "));
  EXPECT_THAT(Named(), HasSubstr("f7 and more."));
  EXPECT_THAT(Named(), Not(HasSubstr("f8")));
}

TEST_F(OddFieldsTest, UnreadableNamesAreCleanedCutAndCountedToo) {
  fields_.NameUnreadable("a\nb");
  for (int i = 0; i < 20; ++i) fields_.NameUnreadable("f" + std::to_string(i));

  EXPECT_THAT(Unreadable(), HasSubstr(": a?b, f0, "));
  EXPECT_THAT(Unreadable(), HasSubstr("f8 and more."));
  EXPECT_EQ(Named(), "");
}

TEST_F(OddFieldsTest, ANameIsListedOnceAndItsFirstValueStays) {
  fields_.KeepUnknown(Field("x", "1"), row_);
  fields_.KeepUnknown(Field("x", "2"), row_);

  EXPECT_THAT(row_.other_fields, ElementsAre(Pair("x", "1")));
  EXPECT_THAT(Named(), HasSubstr(": x."));
}

TEST_F(OddFieldsTest, NumberOfFieldsIsLimited) {
  for (std::size_t i = 0; i < OddFields::kMaxFields + 5; ++i) {
    fields_.KeepDocumented(Field("f" + std::to_string(i), "1"), row_);
  }

  EXPECT_EQ(row_.other_fields.size(), OddFields::kMaxFields);
  EXPECT_THAT(Named(), HasSubstr(": f64, "));
}

TEST_F(OddFieldsTest, LongNamesAreNotKept) {
  fields_.KeepUnknown(Field(std::string(OddFields::kMaxFieldName + 1, 'n'), "1"), row_);

  EXPECT_TRUE(row_.other_fields.empty());
}

}  // namespace
}  // namespace balance
