// M90 to M95 and M97: replies that say something oddly, as the callers of the service see them.

#include <gmock/gmock.h>

#include <map>
#include <string>
#include <vector>

#include "tests/integration/service/running_service.h"

namespace balance {
namespace {

using sandbox::Side;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class OddReplyTest : public testing::Test {
 protected:
  // What `side` answers from now on; once only if `count` is 1.
  void Answer(Side side, const std::string& body, int count = 0,
              const std::string& request_id = "req-1") {
    sandbox::Fault reply;
    reply.headers = {{"Content-Type", "application/json"}, {"X-Request-Id", request_id}};
    reply.body = body;
    reply.count = count;
    if (count == 0) service_.upstreams().ClearFaults(side);
    service_.upstreams().Push(side, reply);
  }
  void AnswerRows(const std::string& rows, int count = 0) {
    Answer(Side::kPolymarket, R"({"balances":[)" + rows + "]}", count);
  }

  static std::string Row(const std::string& currency, const std::string& cash,
                         const std::string& more = "") {
    return R"({"currency":)" + currency + R"(,"currentBalance":)" + cash + R"(,"buyingPower":)" +
           cash + more + "}";
  }

  v1::AccountSnapshot GetAnew() {
    v1::AccountSnapshot snapshot;
    const auto status = service_.GetAnew(snapshot);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return snapshot;
  }

  // The totals of a class and measure by currency; "unset" where there is none.
  static std::map<std::string, std::string> Totals(const v1::AccountSnapshot& snapshot,
                                                   v1::FundClass fund_class,
                                                   v1::Measure measure = v1::CASH) {
    std::map<std::string, std::string> totals;
    for (const auto& total : snapshot.totals()) {
      if (total.fund_class() != fund_class || total.measure() != measure) continue;
      totals[total.currency_code()] = total.has_total() ? total.total().value() : "unset";
    }
    return totals;
  }

  static std::vector<std::string> Reasons(const v1::SourceBalance& source) {
    std::vector<std::string> reasons;
    for (const auto& warning : source.warnings()) reasons.push_back(warning.reason());
    return reasons;
  }

  using Money = std::map<std::string, std::string>;

  RunningService service_;
};

TEST_F(OddReplyTest, M90_AnotherSpellingOfUsdIsUsdAtBothVenues) {
  for (const std::string spelling : {R"("usd")", R"("USD ")", R"(" Usd\n")"}) {
    AnswerRows(Row(spelling, "12.50"));
    Answer(Side::kPolysimulator, R"({"balance":"7.25","currency":)" + spelling +
                                     R"(,"starting_balance":"7.25","total_value":"7.25",)"
                                     R"("unrealized_pnl":"0.00"})");

    const auto snapshot = GetAnew();

    EXPECT_EQ(Totals(snapshot, v1::REAL_MONEY), (Money{{"USD", "12.50"}}));
    EXPECT_EQ(Totals(snapshot, v1::SIMULATED_MONEY, v1::EQUITY), (Money{{"USD", "7.25"}}));
    for (const auto& source : snapshot.sources()) {
      EXPECT_EQ(source.balance_set().balances(0).currency_code(), "USD");
      EXPECT_THAT(Reasons(source), IsEmpty());
    }
  }
}

TEST_F(OddReplyTest, M90_TwoRowsThatBecomeOneCurrencyAreMalformed) {
  AnswerRows(Row(R"("USD")", "1") + "," + Row(R"("usd ")", "2"));
  v1::SourceBalance source;

  EXPECT_EQ(ReasonOf(service_.GetSource("polymarket-us", source)), "SOURCE_REPLY_INVALID");
}

TEST_F(OddReplyTest, M91_WhatIsNoCurrencyIsShownAndInNoTotalOfItsClass) {
  AnswerRows(Row(R"("US\u001b$")", "12.50") + "," + Row(R"("usdc")", "3"));

  const auto snapshot = GetAnew();

  const auto& source = snapshot.sources(kPolymarketUs);
  EXPECT_EQ(source.balance_set().balances(0).currency_code(), "US\\u{1b}$");
  EXPECT_EQ(source.balance_set().balances(0).cash().value(), "12.50");
  EXPECT_THAT(Reasons(source), ElementsAre("CURRENCY_UNRECOGNIZED"));
  EXPECT_EQ(Totals(snapshot, v1::REAL_MONEY), (Money{{"USD", "unset"}, {"USDC", "unset"}}));
  EXPECT_NE(Totals(snapshot, v1::SIMULATED_MONEY).at("USD"), "unset");
}

TEST_F(OddReplyTest, M92_ARowThatFlickersIsNeverShownAsZeroOrGone) {
  const std::string usd = Row(R"("USD")", "100");
  const std::string usdc = Row(R"("USDC")", "50");
  AnswerRows(usd + "," + usdc);
  GetAnew();
  for (const std::string& flicker : {Row(R"("USD")", "0") + "," + usdc, usd, usdc}) {
    service_.upstreams().ClearFaults(Side::kPolymarket);
    AnswerRows(flicker, 1);
    sandbox::Fault steady;
    steady.headers = {{"Content-Type", "application/json"}};
    steady.body = R"({"balances":[)" + usd + "," + usdc + "]}";
    steady.count = 0;
    service_.upstreams().Push(Side::kPolymarket, steady);

    const auto snapshot = GetAnew();

    EXPECT_EQ(Totals(snapshot, v1::REAL_MONEY), (Money{{"USD", "100"}, {"USDC", "50"}}));
    for (const std::string& reason : Reasons(snapshot.sources(kPolymarketUs))) {
      EXPECT_EQ(reason, "SUDDEN_ZERO");
    }
  }
}

TEST_F(OddReplyTest, M92_ARowThatStaysAwayIsBelievedTheSecondTime) {
  AnswerRows(Row(R"("USD")", "100") + "," + Row(R"("USDC")", "50"));
  GetAnew();
  AnswerRows(Row(R"("USD")", "100"));
  service_.upstreams().ResetCounters(Side::kPolymarket);

  const auto snapshot = GetAnew();

  EXPECT_EQ(service_.upstreams().Counters(Side::kPolymarket).total.requests, 2U);
  EXPECT_EQ(Totals(snapshot, v1::REAL_MONEY), (Money{{"USD", "100"}, {"USDC", "0"}}));
  const auto& source = snapshot.sources(kPolymarketUs);
  ASSERT_THAT(Reasons(source), ElementsAre("SUDDEN_ZERO"));
  EXPECT_THAT(source.warnings(0).detail(), HasSubstr(" in USDC any more"));
}

TEST_F(OddReplyTest, M93_ARowWithoutAmountsSetsNoTotalAndIsNotAllMoneyGone) {
  for (const std::string row : {"{}", R"({"currency":"USD"})", R"({"currency":""})"}) {
    AnswerRows(Row(R"("USD")", "100"));
    GetAnew();
    AnswerRows(row);

    const auto snapshot = GetAnew();

    for (const v1::Measure measure : {v1::CASH, v1::AVAILABLE_TO_TRADE}) {
      EXPECT_EQ(Totals(snapshot, v1::REAL_MONEY, measure), (Money{{"USD", "unset"}})) << row;
    }
    for (const auto& warning : snapshot.sources(kPolymarketUs).warnings()) {
      EXPECT_THAT(warning.detail(), testing::Not(HasSubstr("zero"))) << row;
      EXPECT_THAT(warning.detail(), testing::Not(HasSubstr("All money"))) << row;
    }
  }
}

TEST_F(OddReplyTest, M94_AnOddOptionalAmountTakesNothingWithIt) {
  AnswerRows(Row(R"("USD")", "12.50",
                 R"(,"pendingCredit":"","balanceReservation":{"value":"1","currency":"USD"},)"
                 R"("openOrders":2,"pendingWithdrawals":[null,{"id":"wd-2","balance":"3"}])"));
  Answer(Side::kPolysimulator, R"({"balance":"7.25","currency":"USD","total_value":"8",)"
                               R"("starting_balance":"5","unrealized_pnl":"NaN"})");

  const auto snapshot = GetAnew();

  const auto& real = snapshot.sources(kPolymarketUs);
  const auto& row = real.balance_set().balances(0);
  EXPECT_EQ(row.cash().value(), "12.50");
  EXPECT_EQ(row.open_orders().value(), "2");
  EXPECT_FALSE(row.has_pending_credit() || row.has_reserved());
  ASSERT_EQ(row.pending_withdrawals_size(), 1);
  EXPECT_EQ(row.pending_withdrawals(0).amount().value(), "3");
  ASSERT_THAT(Reasons(real), ElementsAre("FIELD_UNREADABLE"));
  EXPECT_THAT(real.warnings(0).detail(),
              HasSubstr(": pendingCredit, balanceReservation, pendingWithdrawals."));
  const auto& simulated = snapshot.sources(kPolySimulator);
  EXPECT_EQ(simulated.balance_set().balances(0).equity().value(), "8");
  EXPECT_FALSE(simulated.balance_set().balances(0).has_total_pnl());
  EXPECT_THAT(Reasons(simulated), ElementsAre("FIELD_UNREADABLE"));
  EXPECT_TRUE(snapshot.completeness().complete());
}

TEST_F(OddReplyTest, M94_AnUnreadableKeyAmountIsNoBalance) {
  v1::SourceBalance source;
  for (const std::string cash : {R"("")", R"({"value":"1"})", "true"}) {
    AnswerRows(Row(R"("USD")", cash));
    EXPECT_EQ(ReasonOf(service_.GetSource("polymarket-us", source)), "SOURCE_REPLY_INVALID");
  }
}

TEST_F(OddReplyTest, M95_TheVenuesRequestIdReachesTheCaller) {
  for (const std::string id :
       {"3f0c9a52-6d1e-4b7a-8c35-92e1d7a40b66", "4bf92f3577b34da6a3ce929d0e0e4736"}) {
    Answer(Side::kPolymarket, R"({"balances":[]})", 0, id);
    Answer(Side::kPolysimulator, R"({"balance":"1","currency":"USD"})", 0, id);

    const auto snapshot = GetAnew();

    for (const auto& source : snapshot.sources()) {
      EXPECT_EQ(source.freshness().upstream_request_id(), id);
    }
  }
}

TEST_F(OddReplyTest, M97_MoneyThatIsBackIsNotSaidToBeGone) {
  for (const std::string cash : {"100.25", "0"}) {
    AnswerRows(Row(R"("USD")", cash));
    GetAnew();
  }
  const auto zero = GetAnew().sources(kPolymarketUs);
  ASSERT_THAT(Reasons(zero), ElementsAre("SUDDEN_ZERO"));
  AnswerRows(Row(R"("USD")", "90.00"));

  const auto snapshot = GetAnew();

  EXPECT_EQ(Totals(snapshot, v1::REAL_MONEY), (Money{{"USD", "90.00"}}));
  const auto& source = snapshot.sources(kPolymarketUs);
  ASSERT_THAT(Reasons(source), ElementsAre("SUDDEN_ZERO"));
  // The same sentence, which speaks of an earlier time.
  EXPECT_EQ(source.warnings(0).detail(), zero.warnings(0).detail());
  EXPECT_THAT(source.warnings(0).detail(), testing::StartsWith("At 20"));
}

}  // namespace
}  // namespace balance
