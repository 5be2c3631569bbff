// Rows of the fault matrix in tests/README.md: what the service does to an upstream that fails,
// refuses or asks for a pause, and what its callers see meanwhile.

#include <gmock/gmock.h>

#include <thread>
#include <vector>

#include "tests/integration/service/running_service.h"

namespace balance {
namespace {

using sandbox::Side;
using std::chrono::milliseconds;
using std::chrono::seconds;

// A reading is stale a moment after it was made, and may be shown for long.
constexpr const char* kStaleSoon =
    "{ttl: 0.05s, stale_while_revalidate: 0s, max_stale: 60s, min_refresh_interval: 0.001s}";

constexpr const char* kOtherKey = "accounts/desk-2/sources/polysimulator";

sandbox::Fault Reply(int status, std::vector<sandbox::Header> headers = {}) {
  sandbox::Fault fault;
  fault.status = status;
  fault.headers = std::move(headers);
  fault.count = 0;
  return fault;
}

// Asks until the answer says what it should; returns when that was.
template <typename Condition>
std::chrono::steady_clock::time_point WaitUntil(Condition condition) {
  const auto give_up = std::chrono::steady_clock::now() + seconds(10);
  while (!condition() && std::chrono::steady_clock::now() < give_up) {
    std::this_thread::sleep_for(milliseconds(5));
  }
  return std::chrono::steady_clock::now();
}

class ServerErrorTest : public testing::TestWithParam<int> {};

TEST_P(ServerErrorTest, M10_IsTriedOnceMoreAndThenTheOldReadingIsShownWithTheReason) {
  RunningService service(kStaleSoon);
  v1::AccountSnapshot snapshot;
  ASSERT_TRUE(service.Get(snapshot).ok());
  const std::string cash = snapshot.sources(kPolymarketUs).balance_set().balances(0).cash().value();
  service.upstreams().Push(Side::kPolymarket, Reply(GetParam()));
  service.upstreams().ResetCounters(Side::kPolymarket);

  ASSERT_TRUE(service.GetAnew(snapshot).ok());

  const v1::SourceBalance& source = snapshot.sources(kPolymarketUs);
  EXPECT_EQ(RequestsTo(service, Side::kPolymarket), 2);
  EXPECT_EQ(source.state(), v1::SourceBalance::STALE);
  EXPECT_EQ(source.freshness().outcome(), v1::Freshness::STALE_ON_ERROR);
  EXPECT_EQ(ReasonOf(source.failure()), "SOURCE_ERROR");
  EXPECT_EQ(source.balance_set().balances(0).cash().value(), cash);
}

INSTANTIATE_TEST_SUITE_P(Status, ServerErrorTest, testing::Values(500, 502, 503, 504));

class RejectionTest : public testing::TestWithParam<int> {};

TEST_P(RejectionTest, M11_EndsStaleServingAndHoldsOffThisKeyOnly) {
  RunningService service(kStaleSoon);
  v1::SourceBalance source;
  ASSERT_TRUE(service.GetSource("polysimulator", source).ok());
  sandbox::Fault fault = Reply(GetParam());
  fault.key = service.upstreams().polysim_key().api_key.substr(0, 16);
  service.upstreams().Push(Side::kPolysimulator, fault);
  // Past its TTL.
  WaitUntil([&] {
    v1::AccountSnapshot snapshot;
    v1::GetAccountSnapshotRequest cached;
    cached.mutable_policy()->set_only_if_cached(true);
    service.Get(snapshot, cached);
    return snapshot.sources_size() > 0 &&
           snapshot.sources(kPolySimulator).state() == v1::SourceBalance::STALE;
  });

  v1::AccountSnapshot snapshot;
  ASSERT_TRUE(service.GetAnew(snapshot).ok());
  service.upstreams().ResetCounters(Side::kPolysimulator);
  const auto status = service.GetSource("polysimulator", source);

  EXPECT_EQ(snapshot.sources(kPolySimulator).state(), v1::SourceBalance_State_NO_DATA);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(ReasonOf(status),
            GetParam() == 401 ? "SOURCE_CREDENTIALS_REJECTED" : "SOURCE_FORBIDDEN");
  EXPECT_EQ(RequestsTo(service, Side::kPolysimulator), 0);
  EXPECT_TRUE(service.PathOf("polysimulator").has_hold_off_until());
  EXPECT_EQ(service.PathOf("polysimulator").breaker_state(), v1::Source::CLOSED);
  EXPECT_TRUE(service.GetSource(kOtherKey, source).ok());
  EXPECT_FALSE(service.PathOf(kOtherKey).has_hold_off_until());
}

INSTANTIATE_TEST_SUITE_P(Status, RejectionTest, testing::Values(401, 403));

TEST(MissingAccountTest, M12_IsNotAskedForAgainSoon) {
  RunningService service;
  sandbox::Fault missing = Reply(404);
  missing.body = R"({"error":"ACCOUNT_NOT_FOUND","message":"no"})";
  missing.headers = {{"Content-Type", "application/json"}};
  missing.key = service.upstreams().polysim_key().api_key.substr(0, 16);
  service.upstreams().Push(Side::kPolysimulator, missing);
  v1::SourceBalance source;

  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(ReasonOf(service.GetSource("polysimulator", source)), "SOURCE_ACCOUNT_MISSING");
  }

  EXPECT_EQ(RequestsTo(service, Side::kPolysimulator), 1);
  EXPECT_TRUE(service.PathOf("polysimulator").has_hold_off_until());
  EXPECT_TRUE(service.GetSource(kOtherKey, source).ok());
  EXPECT_FALSE(service.PathOf(kOtherKey).has_hold_off_until());
}

TEST(RetryAfterTest, M13_NothingIsSentWithTheKeyUntilThen) {
  RunningService service;
  sandbox::Fault limited = Reply(429, {{"Retry-After", "2"}});
  limited.key = service.upstreams().polysim_key().api_key.substr(0, 16);
  limited.count = 1;
  service.upstreams().Push(Side::kPolysimulator, limited);
  v1::SourceBalance source;

  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(ReasonOf(service.GetSource("polysimulator", source)), "SOURCE_RATE_LIMITED");
  EXPECT_TRUE(service.PathOf("polysimulator").has_blocked_until());
  EXPECT_EQ(service.PathOf("polysimulator").breaker_state(), v1::Source::CLOSED);
  EXPECT_TRUE(service.GetSource(kOtherKey, source).ok());
  const auto end = WaitUntil([&] { return service.GetSource("polysimulator", source).ok(); });

  EXPECT_GE(end - begin, seconds(2));
  EXPECT_LT(end - begin, seconds(4));
  EXPECT_EQ(service.upstreams()
                .Counters(Side::kPolysimulator)
                .by_key[service.upstreams().polysim_key().api_key.substr(0, 16)]
                .requests,
            2U);
}

TEST(RetryAfterTest, M14_ADateIsMeasuredAgainstTheAnswersOwn) {
  RunningService service;
  service.upstreams().SetClockOffset(Side::kPolysimulator, std::chrono::minutes(10));
  sandbox::Fault limited = Reply(429, {{"Retry-After", "{date+2}"}});
  limited.count = 1;
  service.upstreams().Push(Side::kPolysimulator, limited);
  v1::SourceBalance source;

  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(ReasonOf(service.GetSource("polysimulator", source)), "SOURCE_RATE_LIMITED");
  const auto end = WaitUntil([&] { return service.GetSource("polysimulator", source).ok(); });

  EXPECT_GE(end - begin, seconds(1));
  EXPECT_LT(end - begin, seconds(4));
}

TEST(SaturationTest, M17_NoSlidingSecondExceedsTheCeiling) {
  RunningService service("{ttl: 60s, min_refresh_interval: 0.001s}",
                         "{requests_per_second: 20, burst: 1}");
  const auto end = std::chrono::steady_clock::now() + seconds(4);
  std::vector<std::thread> callers;
  for (int i = 0; i < 8; ++i) {
    callers.emplace_back([&] {
      v1::SourceBalance source;
      while (std::chrono::steady_clock::now() < end) service.GetSource("polymarket-us", source);
    });
  }
  for (std::thread& caller : callers) caller.join();

  const auto counters = service.upstreams().Counters(Side::kPolymarket);
  EXPECT_LE(counters.total.max_in_a_second, 20);
  EXPECT_GT(counters.total.requests, 40U);
  EXPECT_EQ(counters.total.by_status.count(429), 0U);
}

TEST(BreakerTest, M20_AHostThatOnlyFailsSoonGetsProbesOnly) {
  RunningService service;
  service.upstreams().Push(Side::kPolymarket, Reply(500));
  v1::SourceBalance source;
  WaitUntil([&] {
    service.GetSource("polymarket-us", source);
    return service.PathOf("polymarket-us").breaker_state() == v1::Source::OPEN;
  });
  service.upstreams().ResetCounters(Side::kPolymarket);

  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(ReasonOf(service.GetSource("polymarket-us", source)), "SOURCE_ERROR");
  }

  EXPECT_EQ(RequestsTo(service, Side::kPolymarket), 0);
  EXPECT_EQ(service.PathOf("polysimulator").breaker_state(), v1::Source::CLOSED);
  EXPECT_TRUE(service.GetSource("polysimulator", source).ok());
}

TEST(SkewTest, M32_AClockFortyFiveSecondsOffCostsOneRequest) {
  RunningService service;
  service.upstreams().SetClockOffset(Side::kPolymarket, seconds(45));
  v1::SourceBalance source;

  ASSERT_TRUE(service.GetSource("polymarket-us", source).ok());

  EXPECT_EQ(RequestsTo(service, Side::kPolymarket), 2);
  EXPECT_NEAR(static_cast<double>(service.PathOf("polymarket-us").clock_skew().seconds()), 45, 1);
}

TEST(SuddenZeroTest, AnEmptyAnswerIsBelievedTheSecondTime) {
  RunningService service;
  v1::SourceBalance source;
  ASSERT_TRUE(service.GetSource("polymarket-us", source).ok());
  sandbox::Fault empty = Reply(200, {{"Content-Type", "application/json"}});
  empty.body = R"({"balances":[]})";
  service.upstreams().Push(Side::kPolymarket, empty);
  service.upstreams().ResetCounters(Side::kPolymarket);

  ASSERT_TRUE(service.GetSource("polymarket-us", source).ok());

  EXPECT_EQ(RequestsTo(service, Side::kPolymarket), 2);
  EXPECT_TRUE(source.has_balance_set());
  EXPECT_EQ(source.balance_set().balances_size(), 0);
  ASSERT_EQ(source.warnings_size(), 1);
  EXPECT_EQ(source.warnings(0).reason(), "SUDDEN_ZERO");
}

TEST(SuddenZeroTest, AnEmptyAnswerThatIsNotConfirmedIsNotShown) {
  RunningService service;
  v1::SourceBalance source;
  ASSERT_TRUE(service.GetSource("polymarket-us", source).ok());
  const std::string cash = source.balance_set().balances(0).cash().value();
  sandbox::Fault empty = Reply(200, {{"Content-Type", "application/json"}});
  empty.body = R"({"balances":[]})";
  empty.count = 1;
  service.upstreams().Push(Side::kPolymarket, empty);

  ASSERT_TRUE(service.GetSource("polymarket-us", source).ok());

  ASSERT_EQ(source.balance_set().balances_size(), 1);
  EXPECT_EQ(source.balance_set().balances(0).cash().value(), cash);
  EXPECT_EQ(source.warnings(0).reason(), "SUDDEN_ZERO");
}

}  // namespace
}  // namespace balance
