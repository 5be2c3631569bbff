#include "clients/venue/currency_code.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "clients/json/parse_json.h"
#include "clients/venue/parsed_balances.h"
#include "clients/venue/printable_text.h"

namespace balance {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

CurrencyBalance Row(const std::string& json) {
  CurrencyBalance row;
  ReadCurrency(*ParseJson(json), row);
  return row;
}

std::vector<WarningKind> Kinds(const CurrencyBalance& row) {
  std::vector<Warning> warnings;
  AddCurrencyWarnings({row}, warnings);
  std::vector<WarningKind> kinds;
  for (const Warning& warning : warnings) kinds.push_back(warning.kind);
  return kinds;
}

TEST(CurrencyCodeTest, M90_AnotherSpellingIsTheSameCode) {
  for (const std::string json : {R"("USD")", R"("usd")", R"("Usd")", R"("USD ")", R"(" usd")",
                                 R"("\tUSD\r\n")", R"("\u0055SD")"}) {
    const CurrencyBalance row = Row(json);

    EXPECT_EQ(row.currency_code, "USD") << json;
    EXPECT_TRUE(row.HasCurrency());
    EXPECT_THAT(Kinds(row), IsEmpty());
  }
}

TEST(CurrencyCodeTest, M90_ACodeHasOneToTwelveLettersAndDigits) {
  EXPECT_EQ(Row(R"("x")").currency_code, "X");
  EXPECT_EQ(Row(R"("840")").currency_code, "840");
  EXPECT_EQ(Row(R"("usdc2abcdefg")").currency_code, "USDC2ABCDEFG");
  EXPECT_TRUE(Row(R"("usdc2abcdefg")").HasCurrency());
  EXPECT_FALSE(Row(R"("usdc2abcdefgh")").HasCurrency());
}

TEST(CurrencyCodeTest, BlankAndNullAreMissing) {
  for (const std::string json : {"null", R"("")", R"("  ")", R"("\n")"}) {
    const CurrencyBalance row = Row(json);

    EXPECT_EQ(row.currency_code, "") << json;
    EXPECT_FALSE(row.HasCurrency());
    EXPECT_THAT(Kinds(row), ElementsAre(WarningKind::kCurrencyMissing));
  }
}

TEST(CurrencyCodeTest, M91_AnythingElseIsShownAndInNoTotal) {
  struct Case {
    const char* json;
    const char* shown;
  };
  for (const Case& tested :
       std::vector<Case>{{R"("US$")", "US$"},
                         {R"("us dollar")", "us dollar"},
                         {R"(" us$ ")", " us$ "},
                         {R"("USD-C")", "USD-C"},
                         {R"("USD\u0000")", "USD\\u{0}"},
                         {R"("US\u001b[31mD")", "US\\u{1b}[31mD"},
                         {"\"\xE2\x82\xAC\"", "\\u{20ac}"},
                         // A Cyrillic letter, a mark that turns the direction of text, a face.
                         {"\"U\xD0\x85\x44\"", "U\\u{405}D"},
                         {"\"\xE2\x80\xAEUSD\"", "\\u{202e}USD"},
                         {"\"\xF0\x9F\x98\x80\"", "\\u{1f600}"},
                         {R"("ABCDEFGHIJKLM")", "ABCDEFGHIJKLM"},
                         {"840", "840"},
                         {"true", "true"},
                         {R"(["USD"])", "[...]"},
                         {R"({"code":"USD"})", "{...}"}}) {
    const CurrencyBalance row = Row(tested.json);

    EXPECT_EQ(row.currency_code, tested.shown);
    EXPECT_FALSE(row.HasCurrency()) << tested.json;
    EXPECT_THAT(Kinds(row), ElementsAre(WarningKind::kCurrencyUnrecognized));
  }
}

TEST(CurrencyCodeTest, M91_ALongTextIsCut) {
  const std::string shown = Row('"' + std::string(100'000, 'U') + '"').currency_code;
  EXPECT_EQ(shown, std::string(kMaxShownCurrency - 3, 'U') + "...");

  std::string euros;
  for (int i = 0; i < 1000; ++i) euros += "\xE2\x82\xAC";
  EXPECT_EQ(Row('"' + euros + '"').currency_code, "\\u{20ac}\\u{20ac}\\u{20ac}\\u{20...");
}

TEST(HaveSameCurrencyTest, CaseAndBlanksMakeNoDifference) {
  EXPECT_TRUE(HaveSameCurrency(Row(R"("usd")"), Row(R"(" USD")")));
  EXPECT_TRUE(HaveSameCurrency(Row(R"("us$")"), Row(R"("US$ ")")));
  EXPECT_TRUE(HaveSameCurrency(Row("840"), Row(R"("840")")));
  EXPECT_FALSE(HaveSameCurrency(Row(R"("USD")"), Row(R"("USDC")")));
  EXPECT_FALSE(HaveSameCurrency(Row(R"("")"), Row("null")));
}

TEST(PrintableTextTest, PrintableAsciiStays) {
  EXPECT_EQ(PrintableText(" az~\"\\"), " az~\"\\");
  EXPECT_EQ(PrintableText("\x7f\xC2\x85"), "\\u{7f}\\u{85}");
}

}  // namespace
}  // namespace balance
