#include "clients/polymarket_us/parse_balances.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "clients/json/rfc3339.h"
#include "clients/polymarket_us/parse_withdrawals.h"
#include "tests/unit/polymarket_us/samples.h"

namespace balance::polymarket_us {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

// The figure, or "unset"; also checks that the amount says where it is from.
std::string Figure(const OptionalAmount& amount, std::string_view basis) {
  if (!amount) return "unset";
  EXPECT_EQ(amount->origin, AmountOrigin::kReported);
  EXPECT_EQ(amount->basis, basis);
  return amount->value.ToString();
}

ParsedBalances Parse(const std::string& body) {
  auto parsed = ParseBalances(body, {});
  EXPECT_TRUE(parsed) << body;
  return parsed ? *std::move(parsed) : ParsedBalances{};
}

std::string Reply(const std::string& row) { return R"({"balances":[{)" + row + "}]}"; }

CurrencyBalance ParseRow(const std::string& row) {
  const ParsedBalances parsed = Parse(Reply(row));
  return parsed.balances.empty() ? CurrencyBalance{} : parsed.balances.front();
}

std::vector<WarningKind> Kinds(const ParsedBalances& parsed) {
  std::vector<WarningKind> kinds;
  for (const Warning& warning : parsed.warnings) kinds.push_back(warning.kind);
  return kinds;
}

void ExpectMalformed(const std::string& body) {
  const auto parsed = ParseBalances(body, {});
  ASSERT_FALSE(parsed) << body;
  EXPECT_EQ(parsed.error().kind, ErrorKind::kReplyInvalid);
  EXPECT_THAT(parsed.error().message, HasSubstr("Polymarket US answered 200, but "));
}

TEST(PolymarketUsParseTest, OrdinaryAccount) {
  const ParsedBalances parsed = Parse(samples::kOrdinary);

  ASSERT_EQ(parsed.balances.size(), 1u);
  const CurrencyBalance& row = parsed.balances[0];
  EXPECT_EQ(row.currency_code, "USD");
  EXPECT_EQ(Figure(row.cash, "currentBalance"), "1482.3175");
  EXPECT_EQ(Figure(row.available_to_trade, "buyingPower"), "1190.8175");
  EXPECT_EQ(Figure(row.position_notional, "assetNotional"), "0");
  EXPECT_EQ(Figure(row.position_collateral, "assetAvailable"), "0");
  EXPECT_EQ(Figure(row.pending_credit, "pendingCredit"), "0");
  EXPECT_EQ(Figure(row.open_orders, "openOrders"), "216.5");
  EXPECT_EQ(Figure(row.unsettled, "unsettledFunds"), "0");
  EXPECT_EQ(Figure(row.margin_requirement, "marginRequirement"), "75");
  EXPECT_EQ(Figure(row.reserved, "balanceReservation"), "0");
  EXPECT_EQ(Figure(row.withdrawable, "availableToWithdraw"), "1190.81");
  EXPECT_FALSE(row.equity || row.position_value || row.starting_capital || row.total_pnl);
  EXPECT_EQ(row.change_time, ParseRfc3339("2026-09-18T14:05:22.118340Z"));
  EXPECT_THAT(row.pending_withdrawals, IsEmpty());
  EXPECT_THAT(row.other_fields,
              ElementsAre(Pair("bonusReservation", "0"), Pair("depositReservation", "0"),
                          Pair("displayedAvailableSoon", "0"), Pair("displayedBonus", "0"),
                          Pair("displayedCash", "1482.31")));
  EXPECT_THAT(parsed.warnings, IsEmpty());
}

TEST(PolymarketUsParseTest, NullTimeAndAbsentReservationAreUnset) {
  const ParsedBalances parsed = Parse(samples::kNullTimeWithMoney);

  ASSERT_EQ(parsed.balances.size(), 1u);
  EXPECT_EQ(Figure(parsed.balances[0].cash, "currentBalance"), "41.0633");
  EXPECT_FALSE(parsed.balances[0].change_time);
  EXPECT_FALSE(parsed.balances[0].reserved);
  EXPECT_FALSE(parsed.balances[0].withdrawable);
  EXPECT_THAT(parsed.warnings, IsEmpty());
}

TEST(PolymarketUsParseTest, NoRowsIsNothingHeld) {
  const ParsedBalances parsed = Parse(samples::kNoRows);

  EXPECT_THAT(parsed.balances, IsEmpty());
  EXPECT_THAT(parsed.warnings, IsEmpty());
}

TEST(PolymarketUsParseTest, EmptyCurrencyIsKeptAndWarnedOf) {
  const ParsedBalances parsed = Parse(samples::kEmptyCurrency);

  ASSERT_EQ(parsed.balances.size(), 1u);
  EXPECT_EQ(parsed.balances[0].currency_code, "");
  EXPECT_EQ(Figure(parsed.balances[0].cash, "currentBalance"), "0");
  EXPECT_FALSE(parsed.balances[0].reserved);
  EXPECT_THAT(Kinds(parsed), ElementsAre(WarningKind::kCurrencyMissing));
}

TEST(PolymarketUsParseTest, SeveralCurrenciesAndExtremesAreExact) {
  const ParsedBalances parsed = Parse(samples::kExtremes);

  ASSERT_EQ(parsed.balances.size(), 2u);
  const CurrencyBalance& usd = parsed.balances[0];
  EXPECT_EQ(Figure(usd.cash, "currentBalance"), "9007199254740993.07");
  EXPECT_EQ(Figure(usd.available_to_trade, "buyingPower"), "1250");
  EXPECT_EQ(Figure(usd.position_notional, "assetNotional"), "500");
  EXPECT_EQ(Figure(usd.position_collateral, "assetAvailable"), "250");
  EXPECT_EQ(Figure(usd.pending_credit, "pendingCredit"), "0.0000001");
  EXPECT_EQ(Figure(usd.open_orders, "openOrders"), "0.10");
  EXPECT_EQ(Figure(usd.unsettled, "unsettledFunds"), "-0.01");
  EXPECT_EQ(Figure(usd.margin_requirement, "marginRequirement"), "0");
  EXPECT_THAT(usd.other_fields, IsEmpty());
  EXPECT_EQ(parsed.balances[1].currency_code, "USDC");
  EXPECT_EQ(Figure(parsed.balances[1].cash, "currentBalance"), "310.0000");
  EXPECT_THAT(Kinds(parsed),
              ElementsAre(WarningKind::kIdentityMismatch, WarningKind::kUnknownFields));
  EXPECT_THAT(parsed.warnings[1].detail, HasSubstr(": somethingNew."));
}

TEST(PolymarketUsParseTest, PendingWithdrawals) {
  const ParsedBalances parsed = Parse(samples::kWithdrawals);

  ASSERT_EQ(parsed.balances.size(), 1u);
  EXPECT_EQ(Figure(parsed.balances[0].reserved, "balanceReservation"), "1349.5");
  const auto& withdrawals = parsed.balances[0].pending_withdrawals;
  ASSERT_EQ(withdrawals.size(), 2u);
  EXPECT_EQ(withdrawals[0].id, "wd-0001");
  EXPECT_EQ(withdrawals[0].account_name, "acct/main");
  EXPECT_EQ(Figure(withdrawals[0].amount, "balance"), "900");
  EXPECT_EQ(withdrawals[0].description, "ACH out");
  EXPECT_EQ(withdrawals[0].acknowledged, true);
  EXPECT_EQ(withdrawals[0].bank_id, "bank-77");
  EXPECT_EQ(withdrawals[0].create_time, ParseRfc3339("2026-08-02T09:29:58Z"));
  EXPECT_EQ(withdrawals[0].destination_account_name, "Checking");
  EXPECT_EQ(withdrawals[1].acknowledged, false);
  EXPECT_EQ(withdrawals[1].create_time, std::nullopt);
  EXPECT_EQ(Figure(withdrawals[1].amount, "balance"), "449.5");
  EXPECT_THAT(parsed.warnings, IsEmpty());
}

TEST(PolymarketUsParseTest, ShortPositionKeepsTheIdentity) {
  const ParsedBalances parsed = Parse(samples::kShortPosition);

  ASSERT_EQ(parsed.balances.size(), 1u);
  EXPECT_EQ(Figure(parsed.balances[0].cash, "currentBalance"), "57.0");
  EXPECT_EQ(Figure(parsed.balances[0].available_to_trade, "buyingPower"), "47.0");
  EXPECT_THAT(parsed.warnings, IsEmpty());
}

TEST(PolymarketUsParseTest, AbsentAndNullAmountsAreUnsetNotZero) {
  const CurrencyBalance absent = ParseRow(R"("currency":"USD","buyingPower":5)");
  const CurrencyBalance null = ParseRow(R"("currency":"USD","currentBalance":null)");

  EXPECT_FALSE(absent.cash);
  EXPECT_EQ(Figure(absent.available_to_trade, "buyingPower"), "5");
  EXPECT_FALSE(null.cash || null.available_to_trade);
}

TEST(PolymarketUsParseTest, AStringThatHoldsANumberIsMoney) {
  const CurrencyBalance row = ParseRow(R"("currency":"USD","currentBalance":"1482.3175")");

  EXPECT_EQ(Figure(row.cash, "currentBalance"), "1482.3175");
}

TEST(PolymarketUsParseTest, IdentityIsCheckedOnlyWithAllItsParts) {
  const std::string parts =
      R"("currency":"USD","currentBalance":1,"buyingPower":2,"openOrders":0,"marginRequirement":0)";

  EXPECT_THAT(Parse(Reply(parts)).warnings, IsEmpty());
  EXPECT_THAT(Kinds(Parse(Reply(parts + R"(,"assetAvailable":0)"))),
              ElementsAre(WarningKind::kIdentityMismatch));
  EXPECT_THAT(Parse(Reply(parts + R"(,"assetAvailable":1.00)")).warnings, IsEmpty());
}

TEST(PolymarketUsParseTest, UnknownScalarsAreKeptAndNamed) {
  const ParsedBalances parsed = Parse(
      Reply(R"("currency":"USD","newFigure":1.50,"newFlag":true,"newText":"x","newNull":null)"));

  ASSERT_EQ(parsed.balances.size(), 1u);
  EXPECT_THAT(
      parsed.balances[0].other_fields,
      ElementsAre(Pair("newFigure", "1.50"), Pair("newFlag", "true"), Pair("newText", "x")));
  ASSERT_THAT(Kinds(parsed), ElementsAre(WarningKind::kUnknownFields));
  EXPECT_THAT(parsed.warnings[0].detail, HasSubstr(": newFigure, newFlag, newText, newNull."));
}

TEST(PolymarketUsParseTest, UnknownFieldsAroundTheRowsAreNamed) {
  const ParsedBalances parsed = Parse(R"({"nextPage":"","balances":[]})");

  ASSERT_THAT(Kinds(parsed), ElementsAre(WarningKind::kUnknownFields));
  EXPECT_THAT(parsed.warnings[0].detail, HasSubstr(": nextPage."));
}

TEST(PolymarketUsParseTest, LatestDocumentedFieldIsNoNews) {
  const ParsedBalances parsed = Parse(Reply(R"("currency":"USD","bonusHold":0.5)"));

  EXPECT_THAT(parsed.balances[0].other_fields, ElementsAre(Pair("bonusHold", "0.5")));
  EXPECT_THAT(parsed.warnings, IsEmpty());
}

TEST(PolymarketUsParseTest, ABadTimeCostsNoMoney) {
  const ParsedBalances parsed =
      Parse(Reply(R"("currency":"USD","currentBalance":1,"lastUpdated":"yesterday")"));

  EXPECT_FALSE(parsed.balances[0].change_time);
  EXPECT_EQ(Figure(parsed.balances[0].cash, "currentBalance"), "1");
  EXPECT_THAT(parsed.balances[0].other_fields, ElementsAre(Pair("lastUpdated", "yesterday")));
  EXPECT_THAT(parsed.warnings, IsEmpty());
}

TEST(PolymarketUsParseTest, FiveHundredWithdrawals) {
  std::string list;
  for (int i = 0; i < 500; ++i) {
    if (i > 0) list += ',';
    list += R"({"id":"wd-)" + std::to_string(i) + R"(","balance":)" + std::to_string(i) + ".25}";
  }

  const CurrencyBalance row = ParseRow(R"("currency":"USD","pendingWithdrawals":[)" + list + "]");

  ASSERT_EQ(row.pending_withdrawals.size(), 500u);
  EXPECT_EQ(row.pending_withdrawals[499].id, "wd-499");
  EXPECT_EQ(Figure(row.pending_withdrawals[499].amount, "balance"), "499.25");
}

TEST(PolymarketUsParseTest, OddDetailsOfAWithdrawalAreDroppedAndNamed) {
  const ParsedBalances parsed = Parse(Reply(
      R"("currency":"USD","pendingWithdrawals":[{"id":7,"acknowledged":"no","creationTime":"soon",)"
      R"("status":"PENDING","fee":1}])"));

  ASSERT_EQ(parsed.balances.size(), 1u);
  const PendingWithdrawal& withdrawal = parsed.balances[0].pending_withdrawals.at(0);
  EXPECT_EQ(withdrawal.id, "");
  EXPECT_EQ(withdrawal.amount, std::nullopt);
  EXPECT_EQ(withdrawal.acknowledged, std::nullopt);
  EXPECT_EQ(withdrawal.create_time, std::nullopt);
  EXPECT_EQ(withdrawal.status, "PENDING");
  ASSERT_THAT(Kinds(parsed),
              ElementsAre(WarningKind::kUnknownFields, WarningKind::kFieldUnreadable));
  EXPECT_THAT(parsed.warnings[0].detail, HasSubstr(": pendingWithdrawals.fee."));
  EXPECT_THAT(parsed.warnings[1].detail,
              HasSubstr(": pendingWithdrawals.id, pendingWithdrawals.acknowledged, "
                        "pendingWithdrawals.creationTime."));
}

TEST(PolymarketUsParseTest, LongTextsOfAWithdrawalAreShortened) {
  const CurrencyBalance row =
      ParseRow(R"("currency":"USD","pendingWithdrawals":[{"description":")" +
               std::string(kMaxWithdrawalText + 1, 'x') + R"("}])");

  EXPECT_EQ(row.pending_withdrawals.at(0).description.size(), kMaxWithdrawalText);
}

TEST(PolymarketUsParseTest, RepliesThatAreNoBalances) {
  for (const std::string body : {"",
                                 " ",
                                 "{}",
                                 "[]",
                                 "null",
                                 "0",
                                 "\"balances\"",
                                 "<html><body>Sign in</body></html>",
                                 R"({"balances":null})",
                                 R"({"balances":{}})",
                                 R"({"balances":"[]"})",
                                 R"({"balances":[1]})",
                                 R"({"balances":[null]})",
                                 R"({"balances":[[]]})",
                                 R"({"Balances":[]})",
                                 R"({"balances":[]}x)",
                                 R"({"balances":[]}{"balances":[]})",
                                 R"({"balances":[],})",
                                 R"({"message":"try later"})",
                                 "error code: 1010"}) {
    ExpectMalformed(body);
  }
  ExpectMalformed(std::string(R"({"balances":[]})") + '\0');
}

// What is no amount, though whole JSON.
const std::vector<std::string> kNoMoney = {"true",
                                           "{}",
                                           "[]",
                                           R"({"value":"1","currency":"USD"})",
                                           R"("")",
                                           R"("n/a")",
                                           R"("1E400")",
                                           "1e-300",
                                           "1E400",
                                           "-1e999",
                                           R"("1,000.00")",
                                           R"("NaN")"};

TEST(PolymarketUsParseTest, M94_AKeyAmountThatIsNoneMakesTheReplyMalformed) {
  for (const std::string& value : kNoMoney) {
    ExpectMalformed(Reply(R"("currency":"USD","currentBalance":)" + value));
    ExpectMalformed(Reply(R"("currency":"USD","buyingPower":)" + value));
  }
  ExpectMalformed(Reply(R"("currency":"USD","availableToWithdraw":NaN)"));
}

TEST(PolymarketUsParseTest, M94_AKeyAmountBeyondAnyIsNamed) {
  const auto parsed = ParseBalances(Reply(R"("currency":"USD","currentBalance":1E400)"), {});

  ASSERT_FALSE(parsed);
  EXPECT_THAT(parsed.error().message, HasSubstr("currentBalance or buyingPower is no number"));
}

TEST(PolymarketUsParseTest, M94_AnyOtherAmountThatIsNoneCostsNothingElse) {
  for (const std::string& value : kNoMoney) {
    for (const std::string name :
         {"assetNotional", "assetAvailable", "pendingCredit", "openOrders", "unsettledFunds",
          "marginRequirement", "balanceReservation", "availableToWithdraw"}) {
      const ParsedBalances parsed = Parse(Reply(
          R"("currency":"USD","currentBalance":7.50,"buyingPower":5,")" + name + "\":" + value));

      ASSERT_EQ(parsed.balances.size(), 1U);
      const CurrencyBalance& row = parsed.balances[0];
      EXPECT_EQ(Figure(row.cash, "currentBalance"), "7.50");
      EXPECT_EQ(Figure(row.available_to_trade, "buyingPower"), "5");
      int set = 0;
      for (const MoneyField& field : kMoneyFields) set += (row.*(field.place)).has_value();
      EXPECT_EQ(set, 2) << name << value;
      ASSERT_THAT(Kinds(parsed), ElementsAre(WarningKind::kFieldUnreadable));
      EXPECT_THAT(parsed.warnings[0].detail, HasSubstr(": " + name + "."));
    }
  }
}

TEST(PolymarketUsParseTest, M94_AnUnreadableAmountOfAWithdrawalIsUnset) {
  for (const std::string& value : kNoMoney) {
    const ParsedBalances parsed = Parse(Reply(
        R"("currency":"USD","currentBalance":1,"pendingWithdrawals":[{"id":"wd-1","balance":)" +
        value + R"(},{"id":"wd-2","balance":2}])"));

    const auto& withdrawals = parsed.balances.at(0).pending_withdrawals;
    ASSERT_EQ(withdrawals.size(), 2U);
    EXPECT_EQ(withdrawals[0].id, "wd-1");
    EXPECT_FALSE(withdrawals[0].amount);
    EXPECT_EQ(Figure(withdrawals[1].amount, "balance"), "2");
    ASSERT_THAT(Kinds(parsed), ElementsAre(WarningKind::kFieldUnreadable));
    EXPECT_THAT(parsed.warnings[0].detail, HasSubstr(": pendingWithdrawals.balance."));
  }
}

TEST(PolymarketUsParseTest, M90_ACurrencyInAnotherSpellingIsTheSame) {
  EXPECT_EQ(ParseRow(R"("currency":"usd ","currentBalance":1)").currency_code, "USD");
  EXPECT_THAT(Parse(Reply(R"("currency":" Usd","currentBalance":1)")).warnings, IsEmpty());
}

TEST(PolymarketUsParseTest, M91_WhatIsNoCurrencyCostsNoOtherRow) {
  for (const std::string currency : {"840", "{}", R"("US$")", R"("UNITED STATES DOLLAR")"}) {
    const ParsedBalances parsed = Parse(R"({"balances":[{"currency":)" + currency +
                                        R"(,"currentBalance":1},{"currency":"EUR"}]})");

    ASSERT_EQ(parsed.balances.size(), 2U);
    EXPECT_TRUE(parsed.balances[0].is_currency_unrecognized);
    EXPECT_EQ(Figure(parsed.balances[0].cash, "currentBalance"), "1");
    EXPECT_EQ(parsed.balances[1].currency_code, "EUR");
    EXPECT_THAT(Kinds(parsed), ElementsAre(WarningKind::kCurrencyUnrecognized));
  }
}

TEST(PolymarketUsParseTest, NullAndAbsentAreNoCurrency) {
  EXPECT_EQ(ParseRow(R"("currency":null,"currentBalance":1)").currency_code, "");
  EXPECT_THAT(Kinds(Parse(Reply(R"("currentBalance":1)"))),
              ElementsAre(WarningKind::kCurrencyMissing));
}

TEST(PolymarketUsParseTest, M94_WithdrawalsThatAreNoneAreLeftOut) {
  for (const std::string value : {"{}", "0", "\"\"", "true", "[1]", "[null]", "[[]]"}) {
    const ParsedBalances parsed =
        Parse(Reply(R"("currency":"USD","currentBalance":1,"pendingWithdrawals":)" + value));

    EXPECT_EQ(Figure(parsed.balances.at(0).cash, "currentBalance"), "1");
    EXPECT_THAT(parsed.balances[0].pending_withdrawals, IsEmpty());
    ASSERT_THAT(Kinds(parsed), ElementsAre(WarningKind::kFieldUnreadable)) << value;
    EXPECT_THAT(parsed.warnings[0].detail, HasSubstr(": pendingWithdrawals."));
  }
}

TEST(PolymarketUsParseTest, M93_OnlyAWholeListReportsWithdrawals) {
  const auto are_reported = [](const std::string& fields) {
    return ParseRow(R"("currency":"USD","currentBalance":1)" + fields).are_withdrawals_reported;
  };

  EXPECT_TRUE(are_reported(R"(,"pendingWithdrawals":[])"));
  EXPECT_TRUE(are_reported(R"(,"pendingWithdrawals":[{"id":"wd-1","balance":"n/a"}])"));
  EXPECT_FALSE(are_reported(""));
  for (const std::string value : {"null", "{}", "0", "[null]", R"([null,{"id":"wd-2"}])"}) {
    EXPECT_FALSE(are_reported(R"(,"pendingWithdrawals":)" + value)) << value;
  }
}

TEST(PolymarketUsParseTest, M94_ANullWithdrawalCostsNoOther) {
  const CurrencyBalance row =
      ParseRow(R"("currency":"USD","pendingWithdrawals":[null,{"id":"wd-2"}])");

  ASSERT_EQ(row.pending_withdrawals.size(), 1U);
  EXPECT_EQ(row.pending_withdrawals[0].id, "wd-2");
}

TEST(PolymarketUsParseTest, RepeatedFieldsAreMalformed) {
  ExpectMalformed(R"({"balances":[],"balances":[]})");
  ExpectMalformed(Reply(R"("currentBalance":1,"currentBalance":1)"));
  ExpectMalformed(Reply(R"("currentBalance":null,"currentBalance":1)"));
  ExpectMalformed(Reply(R"("currentBalance":1,"\u0063urrentBalance":2)"));
  ExpectMalformed(Reply(R"("currency":"USD","currency":"EUR")"));
  ExpectMalformed(Reply(R"("lastUpdated":null,"lastUpdated":null)"));
  ExpectMalformed(Reply(R"("displayedCash":1,"displayedCash":2)"));
  ExpectMalformed(Reply(R"("pendingWithdrawals":[],"pendingWithdrawals":[])"));
  ExpectMalformed(Reply(R"("pendingWithdrawals":[{"balance":1,"balance":2}])"));
  ExpectMalformed(Reply(R"("pendingWithdrawals":[{"id":"a","id":"b"}])"));
}

TEST(PolymarketUsParseTest, M90_ACurrencyHasOneRowHoweverItIsSpelled) {
  for (const std::string other : {"USD", "usd", "USD ", "\\tUsd"}) {
    ExpectMalformed(R"({"balances":[{"currency":"USD"},{"currency":")" + other + R"("}]})");
  }
}

TEST(PolymarketUsParseTest, MoreThanCanBeTrueIsNotTaken) {
  std::string rows = R"({"currency":""})";
  for (std::size_t i = 0; i < kMaxRows; ++i) rows += R"(,{"currency":""})";
  ExpectMalformed(R"({"balances":[)" + rows + "]}");

  std::string withdrawals = "{}";
  for (std::size_t i = 0; i < kMaxWithdrawals; ++i) withdrawals += ",{}";
  const ParsedBalances parsed = Parse(Reply(R"("pendingWithdrawals":[)" + withdrawals + "]"));
  EXPECT_THAT(parsed.balances.at(0).pending_withdrawals, IsEmpty());
  EXPECT_THAT(Kinds(parsed),
              ElementsAre(WarningKind::kCurrencyMissing, WarningKind::kFieldUnreadable));
}

TEST(PolymarketUsParseTest, DepthOfAMillionIsMalformed) {
  ExpectMalformed(Reply(R"("x":)" + std::string(1'000'000, '[')));
  ExpectMalformed(Reply(R"("x":)" + std::string(1'000'000, '[') + std::string(1'000'000, ']')));
}

TEST(PolymarketUsParseTest, BadUtf8IsMalformed) {
  ExpectMalformed(Reply("\"currency\":\"US\xff\""));
  ExpectMalformed(Reply("\"\xc3\":1"));
}

TEST(PolymarketUsParseTest, NoCutReplyIsEverABalance) {
  for (const std::string& whole : {samples::kOrdinary, samples::kExtremes, samples::kWithdrawals}) {
    for (std::size_t length = 0; length < whole.size(); ++length) {
      const auto parsed = ParseBalances(std::string_view(whole).substr(0, length), {});

      ASSERT_FALSE(parsed) << length;
      EXPECT_EQ(parsed.error().kind, ErrorKind::kReplyInvalid);
    }
  }
}

TEST(PolymarketUsParseTest, NoBrokenByteCrashesOrThrows) {
  for (std::size_t at = 0; at < samples::kWithdrawals.size(); ++at) {
    for (const char byte : {'\0', '\xff', '"', '}', '9', ' '}) {
      std::string body = samples::kWithdrawals;
      body[at] = byte;

      const auto parsed = ParseBalances(body, {});

      EXPECT_TRUE(parsed || parsed.error().kind == ErrorKind::kReplyInvalid);
    }
  }
}

}  // namespace
}  // namespace balance::polymarket_us
