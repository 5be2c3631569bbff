#include "clients/resilience/zero_guard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace balance {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

constexpr Duration kConfirmAfter = std::chrono::seconds(1);

Amount Money(const std::string& text) {
  return {*Decimal::Parse(text), AmountOrigin::kReported, "test"};
}

CurrencyBalance RowOf(const std::string& currency) {
  CurrencyBalance row;
  row.currency_code = currency;
  return row;
}

Reading At(int second, std::vector<CurrencyBalance> rows) {
  Reading reading;
  reading.balances = std::move(rows);
  reading.observe_steady = SteadyTime(std::chrono::seconds(second));
  return reading;
}

// Whether a reading of `after` that follows one of `before` is doubted.
bool IsDoubted(const CurrencyBalance& before, const CurrencyBalance& after) {
  return !ZeroGuard(kConfirmAfter, {before}).Judge(At(1, {after}));
}

TEST(ZeroGuardTest, M92_EveryHoldingIsGuarded) {
  for (const MoneyField& field : kMoneyFields) {
    CurrencyBalance before = RowOf("USD");
    before.*(field.place) = Money("-0.001");
    CurrencyBalance after = RowOf("USD");
    after.*(field.place) = Money("0.000");

    EXPECT_EQ(IsDoubted(before, after), field.kind == MoneyKind::kHolding) << field.name;
    EXPECT_FALSE(IsDoubted(after, after)) << field.name;
  }
}

// The decision for each amount that is added.
TEST(ZeroGuardTest, OnlyWhatASimulatorStartedWithAndItsProfitAreNoHoldings) {
  for (const MoneyField& field : kMoneyFields) {
    EXPECT_EQ(field.kind == MoneyKind::kRecord,
              field.name == "starting_capital" || field.name == "total_pnl")
        << field.name;
  }
}

TEST(ZeroGuardTest, MoneyThatMovesWithinACurrencyIsNotGone) {
  CurrencyBalance before = RowOf("USD");
  before.cash = Money("100");
  before.position_collateral = Money("0");
  CurrencyBalance after = RowOf("USD");
  after.cash = Money("0");
  after.position_collateral = Money("100");

  EXPECT_FALSE(IsDoubted(before, after));
}

TEST(ZeroGuardTest, M92_AWithdrawalUnderWayIsMoney) {
  CurrencyBalance before = RowOf("USD");
  before.cash = Money("0");
  before.pending_withdrawals.emplace_back();
  CurrencyBalance after = RowOf("USD");
  after.cash = Money("0");
  after.are_withdrawals_reported = true;

  EXPECT_TRUE(IsDoubted(before, after));
  EXPECT_FALSE(IsDoubted(before, RowOf("USD")));
  EXPECT_FALSE(IsDoubted(before, before));
}

TEST(ZeroGuardTest, M93_WithdrawalsThatAreNotReportedAreNotGone) {
  CurrencyBalance before = RowOf("USD");
  before.cash = Money("0");
  before.are_withdrawals_reported = true;
  before.pending_withdrawals.emplace_back().amount = Money("40");
  CurrencyBalance silent = RowOf("USD");
  silent.cash = Money("0");
  CurrencyBalance empty = silent;
  empty.are_withdrawals_reported = true;
  ZeroGuard guard(kConfirmAfter, {before});

  const Reading unreported = At(1, {silent});
  ASSERT_TRUE(guard.Judge(unreported));
  EXPECT_THAT(guard.Keep(unreported), IsEmpty());
  // They are still remembered.
  EXPECT_FALSE(guard.Judge(At(2, {empty})));
}

// Money that moves from cash into a withdrawal whose amount cannot be read is not gone.
TEST(ZeroGuardTest, M93_AWithdrawalOfUnknownAmountMayHoldTheMoney) {
  CurrencyBalance before = RowOf("USD");
  before.cash = Money("100");
  CurrencyBalance after = RowOf("USD");
  after.cash = Money("0");
  after.are_withdrawals_reported = true;
  after.pending_withdrawals.emplace_back();
  EXPECT_FALSE(IsDoubted(before, after));

  after.pending_withdrawals.front().amount = Money("0.00");
  EXPECT_TRUE(IsDoubted(before, after));
}

TEST(ZeroGuardTest, M93_OnlyWhatWasNotZeroCanBecomeZero) {
  CurrencyBalance before = RowOf("USD");
  before.cash = Money("100");
  before.open_orders = Money("0");
  CurrencyBalance silent = RowOf("USD");
  silent.open_orders = Money("0");

  EXPECT_FALSE(IsDoubted(before, silent));
  silent.cash = Money("0");
  EXPECT_TRUE(IsDoubted(before, silent));
}

TEST(ZeroGuardTest, M93_WhatIsNotReportedIsRememberedUntilItIs) {
  CurrencyBalance money = RowOf("USD");
  money.cash = Money("100");
  CurrencyBalance zero = RowOf("USD");
  zero.cash = Money("0");
  ZeroGuard guard(kConfirmAfter, {money});
  for (int second = 1; second < 4; ++second) {
    const Reading silent = At(second, {RowOf("USD")});
    ASSERT_TRUE(guard.Judge(silent));
    EXPECT_THAT(guard.Keep(silent), IsEmpty());
  }

  EXPECT_FALSE(guard.Judge(At(4, {zero})));
  const Reading confirmed = At(5, {zero});
  ASSERT_TRUE(guard.Judge(confirmed));
  EXPECT_THAT(guard.Keep(confirmed), SizeIs(1));
  EXPECT_TRUE(guard.Judge(At(6, {zero})));
}

// What a cache on the way held when it was asked at `asked`.
Reading Cached(Duration asked, int age, std::vector<CurrencyBalance> rows) {
  Reading reading = At(0, std::move(rows));
  reading.cache_age = std::chrono::seconds(age);
  reading.observe_steady = SteadyTime(asked - reading.cache_age);
  return reading;
}

TEST(ZeroGuardTest, M92_OneCachedAnswerNeverConfirmsItself) {
  CurrencyBalance money = RowOf("USD");
  money.cash = Money("100");
  CurrencyBalance zero = RowOf("USD");
  zero.cash = Money("0");
  // By what its unchanged Age says, the second is more than the pause newer.
  ZeroGuard guard(std::chrono::milliseconds(500), {money});

  EXPECT_FALSE(guard.Judge(Cached(std::chrono::milliseconds(10'000), 1, {zero})));
  EXPECT_FALSE(guard.Judge(Cached(std::chrono::milliseconds(10'550), 1, {zero})));
  EXPECT_TRUE(guard.Judge(Cached(std::chrono::milliseconds(10'550), 0, {zero})));
}

TEST(ZeroGuardTest, M92_ACachedAnswerOfBeforeTheZeroRefutesNothing) {
  CurrencyBalance money = RowOf("USD");
  money.cash = Money("100");
  CurrencyBalance zero = RowOf("USD");
  zero.cash = Money("0");
  ZeroGuard guard(kConfirmAfter, {money});
  EXPECT_FALSE(guard.Judge(At(10, {zero})));
  EXPECT_FALSE(guard.Judge(Cached(std::chrono::milliseconds(10'550), 5, {money})));
  // It may be of 9.6 s.
  EXPECT_FALSE(guard.Judge(Cached(std::chrono::milliseconds(11'550), 1, {money})));

  const Reading confirmed = At(12, {zero});
  ASSERT_TRUE(guard.Judge(confirmed));
  const std::vector<ZeroEvent> events = guard.Keep(confirmed);
  ASSERT_THAT(events, SizeIs(1));
  EXPECT_EQ(events[0].verdict, ZeroVerdict::kZero);
}

TEST(ZeroGuardTest, M92_ANewCurrencyIsGuardedFromItsFirstReadingOn) {
  CurrencyBalance usdc = RowOf("USDC");
  usdc.cash = Money("1");
  ZeroGuard guard(kConfirmAfter, {});
  const Reading first = At(1, {usdc});
  ASSERT_TRUE(guard.Judge(first));
  guard.Keep(first);

  EXPECT_FALSE(guard.Judge(At(2, {})));
}

TEST(ZeroGuardTest, M92_RowsWithoutACurrencyAreGuardedAsOne) {
  CurrencyBalance money = RowOf("");
  money.cash = Money("1");
  CurrencyBalance zero = RowOf("");
  zero.cash = Money("0");
  ZeroGuard guard(kConfirmAfter, {zero, money});

  EXPECT_TRUE(guard.Judge(At(1, {money, zero})));
  EXPECT_FALSE(guard.Judge(At(1, {zero, zero})));
}

}  // namespace
}  // namespace balance
