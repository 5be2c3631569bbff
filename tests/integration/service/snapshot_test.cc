// From two upstreams over real sockets to one snapshot over real gRPC.

#include <gmock/gmock.h>

#include <future>
#include <vector>

#include "tests/integration/service/running_service.h"

namespace balance {
namespace {

using sandbox::Side;

TEST(ServiceSnapshotTest, FiguresOfBothVenuesArriveExactly) {
  RunningService service;
  sandbox::PolymarketRow row;
  row.current_balance = "9007199254740993.0700";
  row.buying_power = "1.25e3";
  row.asset_available = "2.5e+2";
  row.pending_credit = "1e-7";
  row.unsettled_funds = "-0.01";
  ASSERT_TRUE(service.upstreams().SetLedger(sandbox::PolymarketLedger{{row}}));
  sandbox::PolysimLedger wallet;
  wallet.balance = "24999.9999995";
  wallet.position_value = "123.0000005";
  wallet.starting_balance = "25000";
  ASSERT_TRUE(service.upstreams().SetLedger(wallet));

  v1::AccountSnapshot snapshot;
  ASSERT_TRUE(service.Get(snapshot).ok());

  const auto& real = snapshot.sources(kPolymarketUs).balance_set().balances(0);
  EXPECT_EQ(real.cash().value(), "9007199254740993.0700");
  EXPECT_EQ(real.cash().basis(), "currentBalance");
  EXPECT_EQ(real.available_to_trade().value(), "1250");
  EXPECT_EQ(real.position_collateral().value(), "250");
  EXPECT_EQ(real.pending_credit().value(), "0.0000001");
  EXPECT_EQ(real.unsettled().value(), "-0.01");
  EXPECT_FALSE(real.has_equity());
  const auto& paper = snapshot.sources(kPolySimulator).balance_set().balances(0);
  EXPECT_EQ(paper.cash().value(), "24999.9999995");
  EXPECT_EQ(paper.equity().value(), "25123.0000000");
  EXPECT_EQ(paper.position_value().value(), "123.0000005");
  EXPECT_EQ(paper.position_value().origin(), v1::Amount::DERIVED);
  EXPECT_TRUE(snapshot.completeness().complete());
}

TEST(ServiceSnapshotTest, HundredsOfWithdrawalsArriveInTheFullViewOnly) {
  RunningService service;
  sandbox::PolymarketRow row;
  row.pending_withdrawals.resize(500);
  row.pending_withdrawals.back().amount = "449.5";
  ASSERT_TRUE(service.upstreams().SetLedger(sandbox::PolymarketLedger{{row}}));

  v1::AccountSnapshot full;
  ASSERT_TRUE(service.Get(full).ok());
  v1::GetAccountSnapshotRequest request;
  request.set_view(v1::BASIC);
  v1::AccountSnapshot basic;
  ASSERT_TRUE(service.Get(basic, request).ok());

  const auto& withdrawals =
      full.sources(kPolymarketUs).balance_set().balances(0).pending_withdrawals();
  ASSERT_EQ(withdrawals.size(), 500);
  EXPECT_EQ(withdrawals.rbegin()->amount().value(), "449.5");
  EXPECT_EQ(basic.sources(kPolymarketUs).balance_set().balances(0).pending_withdrawals_size(), 0);
}

TEST(ServiceSnapshotTest, CachedReadsCostNoUpstreamRequest) {
  RunningService service;
  v1::AccountSnapshot snapshot;
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(service.Get(snapshot).ok());

  EXPECT_EQ(snapshot.sources(kPolymarketUs).freshness().outcome(), v1::Freshness::HIT);
  EXPECT_EQ(service.upstreams().Counters(Side::kPolymarket).total.requests, 1U);
  EXPECT_EQ(service.upstreams().Counters(Side::kPolysimulator).total.requests, 1U);
}

TEST(ServiceSnapshotTest, ConcurrentMissesMakeOneRequestToEachUpstream) {
  RunningService service;
  service.upstreams().SetLatency(Side::kPolymarket, std::chrono::milliseconds(100));
  std::vector<std::future<bool>> reads;
  for (int i = 0; i < 100; ++i) {
    reads.push_back(std::async(std::launch::async, [&service] {
      v1::AccountSnapshot snapshot;
      return service.Get(snapshot).ok() && snapshot.completeness().complete();
    }));
  }
  for (auto& read : reads) EXPECT_TRUE(read.get());

  EXPECT_EQ(service.upstreams().Counters(Side::kPolymarket).total.requests, 1U);
  EXPECT_EQ(service.upstreams().Counters(Side::kPolysimulator).total.requests, 1U);
}

TEST(ServiceSnapshotTest, EachRequestIsSignedAfreshOverOneConnection) {
  RunningService service;
  v1::AccountSnapshot snapshot;
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(service.GetAnew(snapshot).ok());

  const auto counters = service.upstreams().Counters(Side::kPolymarket);
  EXPECT_EQ(counters.total.requests, 5U);
  EXPECT_EQ(counters.total.reused_signatures, 0U);
  EXPECT_EQ(counters.auth_failures, 0U);
  EXPECT_EQ(counters.connections, 1U);
}

TEST(ServiceSnapshotTest, ObserveTimeIsNotAfterWhatTheUpstreamSaw) {
  RunningService service;
  v1::AccountSnapshot snapshot;
  ASSERT_TRUE(service.Get(snapshot).ok());

  const auto seen = service.upstreams().Counters(Side::kPolymarket).last_requests.front().time;
  const auto& freshness = snapshot.sources(kPolymarketUs).freshness();
  const WallTime observed(std::chrono::seconds(freshness.observe_time().seconds()) +
                          std::chrono::nanoseconds(freshness.observe_time().nanos()));
  EXPECT_LE(observed, seen);
  EXPECT_GT(observed, seen - std::chrono::seconds(2));
}

TEST(ServiceSnapshotTest, TotalsAddWhatTheSourcesSay) {
  RunningService service;
  v1::AccountSnapshot snapshot;
  ASSERT_TRUE(service.Get(snapshot).ok());

  const auto& cash = snapshot.totals(0);
  EXPECT_EQ(cash.fund_class(), v1::REAL_MONEY);
  EXPECT_EQ(cash.measure(), v1::CASH);
  EXPECT_EQ(cash.total().value(),
            snapshot.sources(kPolymarketUs).balance_set().balances(0).cash().value());
  EXPECT_THAT(cash.counted_sources(),
              testing::ElementsAre("accounts/desk-1/sources/polymarket-us"));
}

}  // namespace
}  // namespace balance
