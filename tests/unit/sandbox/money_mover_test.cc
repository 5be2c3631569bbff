#include "tests/sandbox/money_mover.h"

#include <gtest/gtest.h>

#include <set>

#include "clients/core/decimal.h"
#include "tests/sandbox/polymarket_body.h"
#include "tests/sandbox/polysimulator_body.h"
#include "tests/support/fake_clock.h"

namespace balance::sandbox {
namespace {

constexpr int kSteps = 3000;

Decimal Value(const std::string& text) { return Decimal::Parse(text).value(); }

bool SameValue(const std::string& a, const std::string& b) {
  return Decimal::Compare(Value(a), Value(b)) == 0;
}

bool NotNegative(const std::string& amount) {
  return Decimal::Compare(Value(amount), Decimal()) >= 0;
}

TEST(MoneyMoverTest, PolymarketIdentityHoldsAfterEveryStep) {
  FakeClock clock;
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    MoneyMover mover(seed);
    PolymarketLedger ledger = InitialPolymarketLedger();
    for (int step = 0; step < kSteps; ++step) {
      mover.Step(ledger, clock.WallNow());

      const PolymarketRow& row = ledger.rows.front();
      const std::string taken = Plus(row.open_orders, row.margin_requirement);
      const std::string free = Plus(row.current_balance, row.asset_available);
      ASSERT_TRUE(SameValue(Plus(BuyingPower(row), taken), free)) << "seed " << seed;
      ASSERT_TRUE(NotNegative(BuyingPower(row)));
      ASSERT_TRUE(NotNegative(row.open_orders));
      ASSERT_TRUE(NotNegative(row.margin_requirement));
      ASSERT_TRUE(NotNegative(row.balance_reservation));
      ASSERT_LE(Value(row.current_balance).scale(), 4);
      ASSERT_TRUE(Check(ledger));
    }
  }
}

TEST(MoneyMoverTest, WalkHasOrdersShortsDepositsAndWithdrawals) {
  FakeClock clock;
  MoneyMover mover(1);
  PolymarketLedger ledger = InitialPolymarketLedger();
  std::set<std::string> seen;
  const PolymarketRow& row = ledger.rows.front();

  for (int step = 0; step < kSteps; ++step) {
    const PolymarketRow before = row;
    mover.Step(ledger, clock.WallNow());
    if (row.open_orders != before.open_orders) seen.insert("orders");
    if (row.margin_requirement != before.margin_requirement) seen.insert("shorts");
    if (row.pending_credit != before.pending_credit) seen.insert("deposits");
    if (row.pending_withdrawals.size() < before.pending_withdrawals.size()) seen.insert("payouts");
  }

  EXPECT_EQ(seen, (std::set<std::string>{"orders", "shorts", "deposits", "payouts"}));
}

TEST(MoneyMoverTest, SameSeedSameWalk) {
  FakeClock clock;
  MoneyMover first(7);
  MoneyMover second(7);
  PolymarketLedger a = InitialPolymarketLedger();
  PolymarketLedger b = InitialPolymarketLedger();

  for (int step = 0; step < 100; ++step) {
    first.Step(a, clock.WallNow());
    second.Step(b, clock.WallNow());
  }

  EXPECT_EQ(BalancesBody(a, {}), BalancesBody(b, {}));
}

TEST(MoneyMoverTest, FixedRowStandsStill) {
  FakeClock clock;
  MoneyMover mover(1);
  PolymarketLedger ledger = InitialPolymarketLedger();
  ledger.rows.front().buying_power = "1";
  const std::string before = BalancesBody(ledger, {});

  mover.Step(ledger, clock.WallNow());

  EXPECT_EQ(BalancesBody(ledger, {}), before);
}

TEST(MoneyMoverTest, PolysimulatorIdentityHoldsAfterEveryStep) {
  FakeClock clock;
  WalletBook<PolysimLedger> wallets(clock, InitialPolysimLedger(), [](const PolysimLedger& ledger) {
    return BalanceBody(ledger, {});
  });
  OrderBook orders(wallets);
  MoneyMover mover(3);

  for (int step = 0; step < kSteps; ++step) {
    mover.Step(wallets, orders, "main");

    const PolysimLedger& ledger = wallets.Get("main");
    ASSERT_TRUE(SameValue(Plus(ledger.starting_balance, UnrealizedPnl(ledger)),
                          Plus(ledger.balance, ledger.position_value)));
    ASSERT_TRUE(NotNegative(ledger.balance));
    ASSERT_TRUE(NotNegative(ledger.position_value));
    ASSERT_EQ(Value(ledger.balance).scale(), 2);
    ASSERT_LE(orders.Resting("main").size(), 5U);
  }
}

}  // namespace
}  // namespace balance::sandbox
