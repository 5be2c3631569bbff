#include "clients/venue/unmapped_fields.h"

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

class UnmappedFieldsTest : public testing::Test {
 protected:
  std::string Named() const {
    const auto warning = fields_.ToWarning();
    return warning ? warning->detail : "";
  }

  UnmappedFields fields_;
  CurrencyBalance row_;
};

TEST_F(UnmappedFieldsTest, DocumentedScalarsAreKeptSilently) {
  fields_.KeepDocumented(Field("a", "1.50"), row_);
  fields_.KeepDocumented(Field("b", "\"x\""), row_);
  fields_.KeepDocumented(Field("c", "true"), row_);
  fields_.KeepDocumented(Field("d", "false"), row_);
  fields_.KeepDocumented(Field("e", "null"), row_);

  EXPECT_THAT(row_.other_fields, ElementsAre(Pair("a", "1.50"), Pair("b", "x"), Pair("c", "true"),
                                             Pair("d", "false")));
  EXPECT_EQ(Named(), "");
}

TEST_F(UnmappedFieldsTest, UnknownScalarsAreKeptAndNamed) {
  fields_.KeepUnknown(Field("newThing", "7"), row_);
  fields_.KeepUnknown(Field("newNull", "null"), row_);

  EXPECT_THAT(row_.other_fields, ElementsAre(Pair("newThing", "7")));
  EXPECT_THAT(Named(), HasSubstr(": newThing, newNull."));
  EXPECT_EQ(fields_.ToWarning()->kind, WarningKind::kUnknownFields);
}

TEST_F(UnmappedFieldsTest, NestedValuesAreDroppedAndNamed) {
  fields_.KeepDocumented(Field("displayedCash", R"({"value":"secretish"})"), row_);
  fields_.KeepUnknown(Field("list", "[1]"), row_);

  EXPECT_TRUE(row_.other_fields.empty());
  EXPECT_THAT(Named(), HasSubstr(": displayedCash, list."));
  EXPECT_THAT(Named(), Not(HasSubstr("secretish")));
}

TEST_F(UnmappedFieldsTest, LongTextsAreShortenedAndLongNumbersDropped) {
  const std::string long_text(UnmappedFields::kMaxFieldText + 1, '1');

  fields_.KeepDocumented(Field("text", '"' + long_text + '"'), row_);
  fields_.KeepDocumented({"number", {JsonValue::Type::kNumber, false, long_text, {}, {}}}, row_);

  EXPECT_THAT(row_.other_fields, ElementsAre(Pair("text", long_text.substr(1))));
  EXPECT_THAT(Named(), HasSubstr(": number."));
}

TEST_F(UnmappedFieldsTest, NamesAreCleanedCutAndCounted) {
  fields_.Drop("a\r\nb\x1b[31m");
  fields_.Drop(std::string(500, 'n'));
  for (int i = 0; i < 20; ++i) fields_.Drop("f" + std::to_string(i));

  EXPECT_THAT(Named(), HasSubstr(": a??b??31m, " + std::string(64, 'n') + ", f0, "));
  EXPECT_THAT(Named(), HasSubstr("f7 and more."));
  EXPECT_THAT(Named(), Not(HasSubstr("f8")));
}

TEST_F(UnmappedFieldsTest, ANameIsListedOnceAndItsFirstValueStays) {
  fields_.KeepUnknown(Field("x", "1"), row_);
  fields_.KeepUnknown(Field("x", "2"), row_);

  EXPECT_THAT(row_.other_fields, ElementsAre(Pair("x", "1")));
  EXPECT_THAT(Named(), HasSubstr(": x."));
}

TEST_F(UnmappedFieldsTest, NumberOfFieldsIsLimited) {
  for (std::size_t i = 0; i < UnmappedFields::kMaxFields + 5; ++i) {
    fields_.KeepDocumented(Field("f" + std::to_string(i), "1"), row_);
  }

  EXPECT_EQ(row_.other_fields.size(), UnmappedFields::kMaxFields);
  EXPECT_THAT(Named(), HasSubstr(": f64, "));
}

TEST_F(UnmappedFieldsTest, LongNamesAreNotKept) {
  fields_.KeepUnknown(Field(std::string(UnmappedFields::kMaxFieldName + 1, 'n'), "1"), row_);

  EXPECT_TRUE(row_.other_fields.empty());
}

}  // namespace
}  // namespace balance
