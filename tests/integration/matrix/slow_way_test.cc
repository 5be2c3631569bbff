// M23, M24: an upstream that takes the request and gives nothing, or next to nothing, back.

#include <chrono>
#include <string>

#include "tests/integration/matrix/matrix_fixture.h"

namespace balance {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr Toxics kBlackHole = {.timeout = milliseconds(0)};
// More than an attempt, so that only the caller's own time can end the wait.
constexpr milliseconds kCallersTime(500);

MatrixSetup SlowerThanTheCaller() {
  MatrixSetup setup;
  setup.attempt_timeout = "0.9s";
  setup.refresh_budget = "1s";
  return setup;
}

TEST_F(MatrixTest, M23_BlackHoleAnswersByTheDeadlineWithTheOtherVenuesFigures) {
  Start(SlowerThanTheCaller());
  polymarket().Set(kBlackHole);
  v1::AccountSnapshot snapshot;

  const auto status = GetAnew(snapshot, kCallersTime);

  // The client itself would have ended the call at its deadline.
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(CashOf(snapshot.sources(kPolySimulator)), kPolysimCash);
  EXPECT_EQ(snapshot.sources(kPolySimulator).state(), v1::SourceBalance::FRESH);
  EXPECT_FALSE(snapshot.sources(kPolymarketUs).has_balance_set());
  EXPECT_EQ(ReasonOf(snapshot.sources(kPolymarketUs).failure()), "SOURCE_UNREACHABLE");
  EXPECT_EQ(polymarket().stats().open_connections, 1U);
}

TEST_F(MatrixTest, M23_AReadingFromBeforeTheBlackHoleIsShownAsStale) {
  Start(SlowerThanTheCaller());
  v1::AccountSnapshot snapshot;
  ASSERT_TRUE(GetAnew(snapshot).ok());
  polymarket().Set(kBlackHole);

  ASSERT_TRUE(GetAnew(snapshot, kCallersTime).ok());

  EXPECT_EQ(CashOf(snapshot.sources(kPolymarketUs)), kPolymarketCash);
  EXPECT_EQ(snapshot.sources(kPolymarketUs).state(), v1::SourceBalance::STALE);
  EXPECT_FALSE(snapshot.completeness().complete());
}

TEST_F(MatrixTest, M23_AStrictCallEndsAtItsDeadline) {
  Start(SlowerThanTheCaller());
  polymarket().Set(kBlackHole);
  v1::SourceBalance source;

  const auto status = ReadAnew(kPolymarketId, source, kCallersTime);

  EXPECT_EQ(status.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  // The service said so itself, so it was in time.
  EXPECT_FALSE(status.error_details().empty());
}

TEST_F(MatrixTest, M23_TheFlightIsFreedAtTheRefreshBudget) {
  // A second attempt would end long after the budget.
  MatrixSetup setup;
  setup.attempt_timeout = "1.9s";
  setup.refresh_budget = "2s";
  Start(setup);
  polymarket().Set(kBlackHole);
  v1::SourceBalance source;

  const auto begin = steady_clock::now();
  const auto status = ReadAnew(kPolymarketId, source);

  EXPECT_EQ(ReasonOf(status), "SOURCE_UNREACHABLE");
  EXPECT_GE(steady_clock::now() - begin, milliseconds(1900));
  EXPECT_LT(steady_clock::now() - begin, milliseconds(3500));
  EXPECT_EQ(Refreshes("POLYMARKET_US", "SOURCE_UNREACHABLE"), 1);
  EXPECT_TRUE(Becomes([this] { return polymarket().stats().open_connections == 0; }));
  polymarket().Clear();
  EXPECT_TRUE(Heals(kPolymarketId));
}

TEST_F(MatrixTest, M24_ASlowDripIsAbortedByTheAttemptTimeout) {
  Start();
  // Each byte comes well within any patience; all of them take ten seconds.
  polymarket().Set({.latency = milliseconds(20), .slicer = 1});
  v1::SourceBalance source;

  const auto begin = steady_clock::now();
  const auto status = ReadAnew(kPolymarketId, source);

  EXPECT_EQ(ReasonOf(status), "SOURCE_UNREACHABLE");
  EXPECT_LT(steady_clock::now() - begin, milliseconds(3000));
  EXPECT_GT(polymarket().stats().bytes_to_client, 5U);
  EXPECT_EQ(Refreshes("POLYMARKET_US", "SOURCE_UNREACHABLE"), 1);
  EXPECT_TRUE(Becomes([this] { return polymarket().stats().open_connections == 0; }));
  polymarket().Clear();
  EXPECT_TRUE(Heals(kPolymarketId));
}

TEST_F(MatrixTest, M24_ANarrowLineKeepsTheOldFigureAndCostsTheOtherVenueNothing) {
  Start();
  v1::AccountSnapshot snapshot;
  ASSERT_TRUE(GetAnew(snapshot).ok());
  SetPolysimCash("5.50");
  SetPolymarketCash("99999999.25");
  polymarket().Set({.bandwidth = 50});

  ASSERT_TRUE(GetAnew(snapshot).ok());

  EXPECT_EQ(CashOf(snapshot.sources(kPolymarketUs)), kPolymarketCash);
  EXPECT_EQ(ReasonOf(snapshot.sources(kPolymarketUs).failure()), "SOURCE_UNREACHABLE");
  EXPECT_EQ(CashOf(snapshot.sources(kPolySimulator)), "5.50");
}

}  // namespace
}  // namespace balance
