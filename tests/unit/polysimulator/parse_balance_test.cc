#include "clients/polysimulator/parse_balance.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/polysimulator/samples.h"

namespace balance::polysimulator {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

// The figure, or "unset"; also checks that the amount says where it is from.
std::string Figure(const OptionalAmount& amount, std::string_view basis,
                   AmountOrigin origin = AmountOrigin::kReported) {
  if (!amount) return "unset";
  EXPECT_EQ(amount->origin, origin);
  EXPECT_EQ(amount->basis, basis);
  return amount->value.ToString();
}

std::string Derived(const OptionalAmount& amount, std::string_view rule) {
  return Figure(amount, rule, AmountOrigin::kDerived);
}

ParsedBalances Parse(const std::string& body) {
  auto parsed = ParseBalance(body, {});
  EXPECT_TRUE(parsed) << body;
  if (!parsed) return {{CurrencyBalance{}}, {}};
  EXPECT_EQ(parsed->balances.size(), 1u);
  return *std::move(parsed);
}

CurrencyBalance ParseRow(const std::string& body) { return Parse(body).balances.at(0); }

std::vector<WarningKind> Kinds(const std::string& body) {
  std::vector<WarningKind> kinds;
  for (const Warning& warning : Parse(body).warnings) kinds.push_back(warning.kind);
  return kinds;
}

void ExpectMalformed(const std::string& body) {
  const auto parsed = ParseBalance(body, {});
  ASSERT_FALSE(parsed) << body;
  EXPECT_EQ(parsed.error().kind, ErrorKind::kReplyInvalid);
  EXPECT_THAT(parsed.error().message, HasSubstr("PolySimulator answered 200, but "));
}

TEST(PolySimulatorParseTest, OrdinaryAccount) {
  const CurrencyBalance row = ParseRow(samples::kOrdinary);

  EXPECT_EQ(row.currency_code, "USD");
  EXPECT_EQ(Figure(row.cash, "balance"), "8612.45");
  EXPECT_EQ(Derived(row.available_to_trade, "balance"), "8612.45");
  EXPECT_EQ(Figure(row.equity, "total_value"), "9688.80");
  EXPECT_EQ(Derived(row.position_value, "total_value-balance"), "1076.35");
  EXPECT_EQ(Figure(row.starting_capital, "starting_balance"), "10000.00");
  EXPECT_EQ(Figure(row.total_pnl, "unrealized_pnl"), "-311.20");
  EXPECT_FALSE(row.position_notional || row.position_collateral || row.open_orders ||
               row.margin_requirement || row.unsettled || row.pending_credit || row.reserved ||
               row.withdrawable || row.change_time);
  EXPECT_THAT(row.pending_withdrawals, IsEmpty());
  EXPECT_THAT(row.other_fields, IsEmpty());
  EXPECT_THAT(Kinds(samples::kOrdinary), IsEmpty());
}

TEST(PolySimulatorParseTest, FreshAccount) {
  const CurrencyBalance row = ParseRow(samples::kFresh);

  EXPECT_EQ(Figure(row.cash, "balance"), "10000.00");
  EXPECT_EQ(Derived(row.position_value, "total_value-balance"), "0.00");
  EXPECT_EQ(Figure(row.total_pnl, "unrealized_pnl"), "0.00");
  EXPECT_THAT(Kinds(samples::kFresh), IsEmpty());
}

TEST(PolySimulatorParseTest, UnusualScaleAndExponentAreExact) {
  const CurrencyBalance row = ParseRow(samples::kUnusualScale);

  EXPECT_EQ(Figure(row.cash, "balance"), "24999.9999995");
  EXPECT_EQ(Derived(row.position_value, "total_value-balance"), "123.0000005");
  EXPECT_EQ(Figure(row.starting_capital, "starting_balance"), "25000");
  EXPECT_EQ(Figure(row.total_pnl, "unrealized_pnl"), "123");
  EXPECT_THAT(Kinds(samples::kUnusualScale), IsEmpty());
}

TEST(PolySimulatorParseTest, TotalLoss) {
  const CurrencyBalance row = ParseRow(samples::kTotalLoss);

  EXPECT_EQ(Figure(row.cash, "balance"), "0");
  EXPECT_EQ(Figure(row.equity, "total_value"), "0.00");
  EXPECT_EQ(Derived(row.position_value, "total_value-balance"), "0.00");
  EXPECT_EQ(Figure(row.total_pnl, "unrealized_pnl"), "-10000.00");
  EXPECT_THAT(Kinds(samples::kTotalLoss), IsEmpty());
}

TEST(PolySimulatorParseTest, OldShapeHasNoEquityAndNoTotalProfit) {
  const CurrencyBalance row = ParseRow(samples::kOldShape);

  EXPECT_EQ(Figure(row.cash, "balance"), "961.10");
  EXPECT_EQ(Derived(row.available_to_trade, "balance"), "961.10");
  EXPECT_EQ(Figure(row.starting_capital, "starting_balance"), "1000.00");
  EXPECT_FALSE(row.equity || row.position_value || row.total_pnl);
  EXPECT_THAT(row.other_fields,
              ElementsAre(Pair("user_id", "418"), Pair("pnl", "-38.90"),
                          Pair("pnl_percent", "-3.89"), Pair("unrealized_pnl", "4.25")));
  EXPECT_THAT(Kinds(samples::kOldShape), IsEmpty());
}

TEST(PolySimulatorParseTest, NumbersAreMoneyToo) {
  const CurrencyBalance row = ParseRow(samples::kNumbers);

  EXPECT_EQ(Figure(row.cash, "balance"), "100.5");
  EXPECT_EQ(Figure(row.starting_capital, "starting_balance"), "1000");
  EXPECT_EQ(Figure(row.total_pnl, "unrealized_pnl"), "-899.5");
  EXPECT_THAT(Kinds(samples::kNumbers), IsEmpty());
}

TEST(PolySimulatorParseTest, NoFigureIsRounded) {
  EXPECT_EQ(Figure(ParseRow(R"({"balance":9007199254740993.07})").cash, "balance"),
            "9007199254740993.07");
  EXPECT_EQ(Figure(ParseRow(R"({"balance":"123456789012345678901234567890.10"})").cash, "balance"),
            "123456789012345678901234567890.10");
  EXPECT_EQ(Figure(ParseRow(R"({"balance":-0.00})").cash, "balance"), "0.00");
}

TEST(PolySimulatorParseTest, ANumericZeroIsABalance) {
  EXPECT_EQ(Figure(ParseRow(R"({"balance":0,"cash":"5"})").cash, "balance"), "0");
}

TEST(PolySimulatorParseTest, NullIsUnset) {
  const CurrencyBalance row = ParseRow(
      R"({"balance":"1","starting_balance":null,"total_value":null,"unrealized_pnl":"2"})");

  EXPECT_FALSE(row.starting_capital || row.equity || row.total_pnl || row.position_value);
  EXPECT_THAT(row.other_fields, ElementsAre(Pair("unrealized_pnl", "2")));
}

TEST(PolySimulatorParseTest, BrokenIdentityIsAWarning) {
  EXPECT_THAT(
      Kinds(R"({"balance":"1","currency":"USD","starting_balance":"10","unrealized_pnl":"1",)"
            R"("total_value":"12"})"),
      ElementsAre(WarningKind::kIdentityMismatch));
  EXPECT_THAT(Kinds(R"({"balance":"1","currency":"USD","unrealized_pnl":"1","total_value":"12"})"),
              IsEmpty());
}

TEST(PolySimulatorParseTest, MissingCurrencyIsAWarning) {
  for (const std::string body : {R"({"balance":"1"})", R"({"balance":"1","currency":""})",
                                 R"({"balance":"1","currency":null})"}) {
    EXPECT_THAT(Kinds(body), ElementsAre(WarningKind::kCurrencyMissing));
    EXPECT_EQ(ParseRow(body).currency_code, "");
  }
}

TEST(PolySimulatorParseTest, UnknownFieldsAreKeptAndNamed) {
  const ParsedBalances parsed =
      Parse(R"({"balance":"1","currency":"USD","reserved":"5.50","wallets":[{"id":1}]})");

  EXPECT_THAT(parsed.balances.at(0).other_fields, ElementsAre(Pair("reserved", "5.50")));
  ASSERT_EQ(parsed.warnings.size(), 1u);
  EXPECT_EQ(parsed.warnings[0].kind, WarningKind::kUnknownFields);
  EXPECT_THAT(parsed.warnings[0].detail, HasSubstr(": reserved, wallets."));
}

TEST(PolySimulatorParseTest, RepliesThatAreNoBalance) {
  for (const std::string body :
       {"", " ", "{}", "[]", "null", "1", "\"1\"", "<html>Log in</html>", "error code: 1010",
        R"([{"balance":"1"}])", R"({"balance":null})", R"({"total_value":"1"})",
        R"({"raw":"<html>"})", R"({"detail":"Not authenticated"})", R"({"balance":"1"}x)",
        R"({"balance":"1"}{})", R"({"balance":{"value":"1"}})"}) {
    ExpectMalformed(body);
  }
}

// What is no amount, though whole JSON.
const std::vector<std::string> kNoMoney = {"true",     "{}",         "[]",         R"("")",
                                           R"("n/a")", R"("1,000")", R"("1e999")", "1E400",
                                           R"(" 1")",  R"("NaN")"};

TEST(PolySimulatorParseTest, M94_AKeyAmountThatIsNoneMakesTheReplyMalformed) {
  for (const std::string& value : kNoMoney) {
    ExpectMalformed(R"({"balance":)" + value + "}");
    ExpectMalformed(R"({"balance":"1","total_value":)" + value + "}");
  }
}

TEST(PolySimulatorParseTest, M94_AnyOtherAmountThatIsNoneCostsNothingElse) {
  for (const std::string& value : kNoMoney) {
    for (const std::string name : {"starting_balance", "unrealized_pnl"}) {
      const ParsedBalances parsed = Parse(R"({"balance":"1","currency":"USD","total_value":"3",")" +
                                          name + "\":" + value + "}");

      const CurrencyBalance& row = parsed.balances.at(0);
      EXPECT_EQ(Figure(row.cash, "balance"), "1");
      EXPECT_EQ(Figure(row.equity, "total_value"), "3");
      EXPECT_FALSE(row.starting_capital || row.total_pnl);
      ASSERT_EQ(parsed.warnings.size(), 1U);
      EXPECT_EQ(parsed.warnings[0].kind, WarningKind::kFieldUnreadable);
      EXPECT_THAT(parsed.warnings[0].detail, HasSubstr(": " + name + "."));
    }
  }
}

TEST(PolySimulatorParseTest, M90_ACurrencyInAnotherSpellingIsTheSame) {
  EXPECT_EQ(ParseRow(R"({"balance":"1","currency":"usd "})").currency_code, "USD");
  EXPECT_THAT(Kinds(R"({"balance":"1","currency":"usd "})"), IsEmpty());
}

TEST(PolySimulatorParseTest, M91_WhatIsNoCurrencyIsShown) {
  const std::string body = R"({"balance":"1","currency":"US$"})";

  EXPECT_EQ(ParseRow(body).currency_code, "US$");
  EXPECT_FALSE(ParseRow(body).HasCurrency());
  EXPECT_THAT(Kinds(body), ElementsAre(WarningKind::kCurrencyUnrecognized));
  EXPECT_FALSE(ParseRow(R"({"balance":"1","currency":840})").HasCurrency());
}

TEST(PolySimulatorParseTest, RepeatedFieldsAreMalformed) {
  for (const std::string name : {"balance", "currency", "starting_balance", "unrealized_pnl",
                                 "total_value", "user_id", "pnl", "pnl_percent"}) {
    ExpectMalformed(R"({"balance":"1",")" + name + R"(":"1",")" + name + R"(":"1"})");
  }
}

TEST(PolySimulatorParseTest, FiguresThatCannotBeSubtractedAreMalformed) {
  const std::string huge(60, '9');

  ExpectMalformed(R"({"balance":"-)" + huge + R"(","total_value":")" + huge + "\"}");
}

TEST(PolySimulatorParseTest, DepthAndBadUtf8AreMalformed) {
  ExpectMalformed(R"({"balance":"1","x":)" + std::string(1'000'000, '['));
  ExpectMalformed("{\"balance\":\"1\",\"currency\":\"US\xff\"}");
}

TEST(PolySimulatorParseTest, NoCutReplyIsEverABalance) {
  for (const std::string& whole : {samples::kOrdinary, samples::kOldShape, samples::kNumbers}) {
    for (std::size_t length = 0; length < whole.size(); ++length) {
      const auto parsed = ParseBalance(std::string_view(whole).substr(0, length), {});

      ASSERT_FALSE(parsed) << length;
      EXPECT_EQ(parsed.error().kind, ErrorKind::kReplyInvalid);
    }
  }
}

TEST(PolySimulatorParseTest, NoBrokenByteCrashesOrThrows) {
  for (std::size_t at = 0; at < samples::kOldShape.size(); ++at) {
    for (const char byte : {'\0', '\xff', '"', '}', '9', ' '}) {
      std::string body = samples::kOldShape;
      body[at] = byte;

      const auto parsed = ParseBalance(body, {});

      EXPECT_TRUE(parsed || parsed.error().kind == ErrorKind::kReplyInvalid);
    }
  }
}

}  // namespace
}  // namespace balance::polysimulator
