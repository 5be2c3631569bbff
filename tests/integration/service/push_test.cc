// Rows of the fault matrix in tests/README.md: the venues' push sockets, as the whole service holds
// them.

#include <chrono>
#include <string>
#include <thread>

#include "tests/integration/service/push_fixture.h"

namespace balance {
namespace {

using sandbox::SocketFault;
using sandbox::SocketFaultKind;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;
using testing::HasSubstr;
using testing::Not;

INSTANTIATE_TEST_SUITE_P(Venues, PushMatrixTest, testing::ValuesIn(kPushedVenues),
                         [](const auto& venue) { return std::string(venue.param.name); });

TEST_P(PushMatrixTest, M170_AChangeIsSeenAtOnceWhereSomebodyWatches) {
  Start();
  const Watching watching(service_->stub());
  ASSERT_TRUE(Becomes([&] { return !CashOf(watching.Newest(index())).empty(); }));

  for (int i = 0; i < 3; ++i) {
    const std::string cash = MoveMoney();

    EXPECT_TRUE(Becomes([&] { return CashOf(watching.Newest(index())) == cash; })) << cash;
    EXPECT_EQ(watching.Newest(index()).freshness().origin(), v1::Freshness::PUSH_HINT);
    EXPECT_EQ(watching.Newest(index()).state(), v1::SourceBalance::FRESH);
  }
  EXPECT_GE(Metric("balance_push_hints_total", "result=\"STARTED\""), 3);
}

TEST_P(PushMatrixTest, M170_WhereNobodyReadsOrWatchesAHintSendsNothing) {
  Start();
  v1::AccountSnapshot snapshot;
  ASSERT_TRUE(service_->GetAnew(snapshot).ok());
  ASSERT_EQ(Cached().state(), v1::SourceBalance::FRESH);
  const std::uint64_t before = Reads();

  const std::string cash = MoveMoney();

  ASSERT_TRUE(Becomes([&] { return Cached().state() == v1::SourceBalance::STALE; }));
  EXPECT_NE(CashOf(Cached()), cash);
  EXPECT_EQ(Reads(), before);
  EXPECT_GE(Metric("balance_push_hints_total", "result=\"UNWANTED\""), 1);
  ASSERT_TRUE(Becomes(
      [&] { return service_->Get(snapshot).ok() && CashOf(snapshot.sources(index())) == cash; }));
  EXPECT_EQ(snapshot.sources(index()).freshness().origin(), v1::Freshness::POLL);
  EXPECT_EQ(Reads(), before + 1);
}

TEST_P(PushMatrixTest, M170_NoFigureOfAFrameIsEverShown) {
  Start();
  const Watching watching(service_->stub());
  ASSERT_TRUE(Becomes([&] { return !CashOf(watching.Newest(index())).empty(); }));
  const std::uint64_t before = Reads();
  for (const char* frame :
       {R"({"requestId":"balances","subscriptionType":"SUBSCRIPTION_TYPE_ACCOUNT_BALANCE",)"
        R"("accountBalancesUpdate":{"balanceChange":{"beforeBalance":null,"afterBalance":)"
        R"({"currentBalance":99999.99,"currency":"USD","buyingPower":99999.99}}},"error":""})",
        R"({"type":"fill","price":"99999.99","quantity":"99999.99","balance":"99999.99"})",
        R"({"accountBalanceUpdate":{"balance":99999.99,"buyingPower":99999.99}})"}) {
    Act(SocketFaultKind::kText, [=](SocketFault& fault) { fault.body = frame; });
    ASSERT_TRUE(Becomes([&] { return Reads() > before; }));
  }
  const std::string cash = MoveMoney();
  ASSERT_TRUE(Becomes([&] { return CashOf(watching.Newest(index())) == cash; }));

  for (const WatchMessage& message : watching.messages()) {
    EXPECT_THAT(message.ShortDebugString(), Not(HasSubstr("99999.99")));
  }
}

TEST_P(PushMatrixTest, M171_AFloodOfHintsCostsOneRequestAnIntervalAndHoldsTheCeiling) {
  Start("{ttl: 60s, min_refresh_interval: 0.1s}", kOn, Quick(),
        "{attempt_timeout: 1s, refresh_budget: 5s, requests_per_second: 4, burst: 1}");
  const Watching watching(service_->stub());
  ASSERT_TRUE(Becomes([&] { return !CashOf(watching.Newest(index())).empty(); }));
  upstreams().ResetCounters(side());
  const double heard = Metric("balance_push_hints_total", "result=\"JOINED\"");

  const auto began = steady_clock::now();
  std::string cash;
  for (int i = 0; i < 20; ++i) {
    Flood(500);
    std::this_thread::sleep_for(milliseconds(100));
    if (i == 15) cash = MoveMoney();
  }
  EXPECT_TRUE(Becomes([&] { return CashOf(watching.Newest(index())) == cash; }));
  const std::chrono::duration<double> took = steady_clock::now() - began;

  EXPECT_TRUE(Becomes(
      [&] { return Metric("balance_push_hints_total", "result=\"JOINED\"") >= heard + 9000; }));
  EXPECT_LE(static_cast<double>(Reads()), 4 * took.count() + 3);
  // One may arrive late.
  EXPECT_LE(Counters().total.max_in_a_second, 4 + 1);
}

TEST_P(PushMatrixTest, M172_HintsDuringAFlightBringExactlyOneSuccessor) {
  Start();
  const Watching watching(service_->stub());
  ASSERT_TRUE(Becomes([&] { return !CashOf(watching.Newest(index())).empty(); }));
  upstreams().ResetCounters(side());
  upstreams().SetLatency(side(), milliseconds(300));
  std::thread reader([this] {
    v1::SourceBalance balance;
    EXPECT_TRUE(service_->GetSource(source(), balance).ok());
  });
  ASSERT_TRUE(Becomes([&] { return Reads() == 1; }));

  Flood(100);
  const std::string cash = MoveMoney();
  reader.join();

  EXPECT_TRUE(Becomes([&] { return CashOf(watching.Newest(index())) == cash; }));
  EXPECT_TRUE(Becomes([&] { return Cached().freshness().origin() == v1::Freshness::PUSH_HINT; }));
  EXPECT_EQ(Reads(), 2u);
  EXPECT_GE(Metric("balance_push_hints_total", "result=\"QUEUED\""), 1);
  upstreams().SetLatency(side(), Duration::zero());
}

TEST_P(PushMatrixTest, M173_HintsDuringAPauseAreAnsweredOnceWhenItIsOver) {
  Start();
  const Watching watching(service_->stub());
  ASSERT_TRUE(Becomes([&] { return !CashOf(watching.Newest(index())).empty(); }));
  upstreams().ResetCounters(side());
  Refuse(GetParam().balance_path, 429, "2");
  std::string cash = MoveMoney();
  ASSERT_TRUE(Becomes([&] { return watching.Newest(index()).has_failure(); }));
  const auto began = steady_clock::now();
  upstreams().ClearFaults(side());
  ASSERT_EQ(Reads(), 1u);

  for (int i = 0; i < 10; ++i) Flood(100);
  cash = MoveMoney();
  ASSERT_TRUE(
      Becomes([&] { return Metric("balance_push_hints_total", "result=\"FORBIDDEN\"") >= 1000; }));
  EXPECT_EQ(watching.Newest(index()).state(), v1::SourceBalance::STALE);
  EXPECT_TRUE(Becomes([&] { return CashOf(watching.Newest(index())) == cash; }));

  EXPECT_GE(steady_clock::now() - began, milliseconds(1800));
  EXPECT_EQ(Reads(), 2u);
  EXPECT_EQ(watching.Newest(index()).state(), v1::SourceBalance::FRESH);
}

TEST_P(PushMatrixTest, M177_AReloadTurnsPushOffAndOnWithoutLosingTheReading) {
  Start();
  v1::AccountSnapshot snapshot;
  ASSERT_TRUE(service_->GetAnew(snapshot).ok());
  const auto observed = snapshot.sources(index()).freshness().observe_time();
  const auto is_kept = [&] {
    const v1::SourceBalance cached = Cached();
    return cached.freshness().observe_time().seconds() == observed.seconds() &&
           cached.freshness().observe_time().nanos() == observed.nanos();
  };
  upstreams().ResetCounters(side());

  Push("{enabled: true, poll_interval: 90s}");
  service_->Reload();
  EXPECT_EQ(FeedOf(source()), v1::Source::PUSH) << "it is the same socket";
  EXPECT_EQ(service_->PathOf(source()).poll_interval().seconds(), 90);
  EXPECT_EQ(Counters().sockets.open, 1u);
  EXPECT_EQ(Counters().sockets.opened, 0u);
  EXPECT_TRUE(is_kept());
  EXPECT_EQ(Cached().state(), v1::SourceBalance::FRESH);

  Push("{enabled: false}");
  service_->Reload();
  EXPECT_EQ(FeedOf(source()), v1::Source::POLL);
  EXPECT_TRUE(Becomes([&] { return Counters().sockets.open == 0; }));
  EXPECT_EQ(Counters().sockets.ended_by_code[1000], 1u) << "leave is taken";
  EXPECT_TRUE(is_kept());
  EXPECT_EQ(Cached().state(), v1::SourceBalance::FRESH);

  MoveMoney();
  Push(kOn);
  service_->Reload();
  EXPECT_TRUE(FeedBecomes(v1::Source::PUSH));
  EXPECT_TRUE(is_kept());
  EXPECT_TRUE(Becomes([&] { return Cached().state() == v1::SourceBalance::STALE; }))
      << "nobody told what happened meanwhile";
  EXPECT_EQ(Reads(), 0u);
}

TEST_P(PushMatrixTest, M177_ARotatedSecretGetsASocketOfItsOwn) {
  Start();
  const Watching watching(service_->stub());
  ASSERT_TRUE(Becomes([&] { return !CashOf(watching.Newest(index())).empty(); }));
  upstreams().ResetCounters(side());

  RotateSecret();

  ASSERT_TRUE(Becomes([&] { return Counters().sockets.opened == 1; }));
  ASSERT_TRUE(Becomes([&] { return Counters().sockets.open == 1; }));
  ASSERT_TRUE(FeedBecomes(v1::Source::PUSH));
  const std::string cash = MoveMoney();
  EXPECT_TRUE(Becomes([&] { return CashOf(watching.Newest(index())) == cash; }));
  EXPECT_EQ(Counters().auth_failures, 0u);
}

TEST_P(PushMatrixTest, M180_AStopTakesLeaveOfTheVenue) {
  Start();
  StopServer();

  EXPECT_TRUE(Becomes([&] { return Counters().sockets.open == 0; }));
  EXPECT_EQ(Counters().sockets.ended_by_code[1000], 1u);
}

TEST_P(PushMatrixTest, M180_AStopDoesNotWaitLongForAVenueThatDoesNotAnswer) {
  Start();
  Act(SocketFaultKind::kFreeze);
  const auto began = steady_clock::now();

  StopServer();

  EXPECT_LT(steady_clock::now() - began, seconds(4));
}

}  // namespace
}  // namespace balance
