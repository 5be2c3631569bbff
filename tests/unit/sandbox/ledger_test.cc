#include "tests/sandbox/ledger.h"

#include <gtest/gtest.h>

namespace balance::sandbox {
namespace {

TEST(LedgerTest, VendorsExampleFollowsTheIdentity) {
  PolymarketRow row;
  row.current_balance = "1000";
  row.asset_available = "250";
  row.open_orders = "400";

  EXPECT_EQ(BuyingPower(row), "850");
}

TEST(LedgerTest, FixedBuyingPowerBreaksTheIdentity) {
  PolymarketRow row;
  row.current_balance = "1000";
  row.buying_power = "1";

  EXPECT_EQ(BuyingPower(row), "1");
}

TEST(LedgerTest, TotalAndPnlFollowFromCashAndPositions) {
  const PolysimLedger ledger = InitialPolysimLedger();

  EXPECT_EQ(TotalValue(ledger), "9688.80");
  EXPECT_EQ(UnrealizedPnl(ledger), "-311.20");
}

TEST(LedgerTest, AmountsAreJsonNumbers) {
  for (const char* good : {"0", "-0.01", "1.25e3", "1E-7", "9007199254740993.07"}) {
    EXPECT_TRUE(CheckAmount("amount", good)) << good;
  }
  for (const char* bad : {"", "007", ".5", "5.", "+1", "NaN", "1,5", " 1", "\"1\""}) {
    EXPECT_FALSE(CheckAmount("amount", bad)) << bad;
  }
}

TEST(LedgerTest, CheckNamesTheField) {
  PolymarketRow row;
  row.open_orders = "many";

  const auto checked = Check(PolymarketLedger{{row}});

  ASSERT_FALSE(checked);
  EXPECT_NE(checked.error().message.find("openOrders"), std::string::npos);
}

TEST(LedgerTest, ExtraFieldsAreJson) {
  PolymarketRow row;
  row.extra_fields = {{"somethingNew", "{\"a\":"}};

  EXPECT_FALSE(Check(PolymarketLedger{{row}}));
}

}  // namespace
}  // namespace balance::sandbox
