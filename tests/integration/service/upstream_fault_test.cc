// What a caller sees when an upstream misbehaves.

#include <gmock/gmock.h>

#include <ostream>

#include "tests/integration/service/running_service.h"

namespace balance {
namespace {

using sandbox::Side;
using std::chrono::milliseconds;

// Of one refresh, where another attempt may help.
constexpr int kAttempts = 2;

const v1::MeasureTotal& CashOf(const v1::AccountSnapshot& snapshot, v1::FundClass fund_class) {
  for (const auto& total : snapshot.totals()) {
    if (total.fund_class() == fund_class && total.measure() == v1::CASH) return total;
  }
  ADD_FAILURE() << "no cash total";
  return snapshot.totals(0);
}

TEST(UnpluggedUpstreamTest, PolymarketDownLeavesPolySimulatorWholeAndRealTotalsUnset) {
  RunningService service;
  service.upstreams().Unplug(Side::kPolymarket);

  v1::AccountSnapshot snapshot;
  ASSERT_TRUE(service.Get(snapshot).ok());

  const auto& down = snapshot.sources(kPolymarketUs);
  EXPECT_EQ(down.state(), v1::SourceBalance_State_NO_DATA);
  EXPECT_FALSE(down.has_balance_set());
  EXPECT_EQ(ReasonOf(down.failure()), "SOURCE_UNREACHABLE");
  EXPECT_FALSE(down.failure().status().message().empty());
  EXPECT_EQ(snapshot.sources(kPolySimulator).state(), v1::SourceBalance::FRESH);
  EXPECT_FALSE(CashOf(snapshot, v1::REAL_MONEY).has_total());
  EXPECT_THAT(CashOf(snapshot, v1::REAL_MONEY).missing_sources(),
              testing::ElementsAre("accounts/desk-1/sources/polymarket-us"));
  EXPECT_TRUE(CashOf(snapshot, v1::SIMULATED_MONEY).has_total());
}

TEST(UnpluggedUpstreamTest, PolySimulatorDownLeavesPolymarketWhole) {
  RunningService service;
  service.upstreams().Unplug(Side::kPolysimulator);

  v1::AccountSnapshot snapshot;
  ASSERT_TRUE(service.Get(snapshot).ok());

  EXPECT_EQ(snapshot.sources(kPolymarketUs).state(), v1::SourceBalance::FRESH);
  EXPECT_EQ(ReasonOf(snapshot.sources(kPolySimulator).failure()), "SOURCE_UNREACHABLE");
  EXPECT_TRUE(CashOf(snapshot, v1::REAL_MONEY).has_total());
  EXPECT_FALSE(CashOf(snapshot, v1::SIMULATED_MONEY).has_total());
}

TEST(UnpluggedUpstreamTest, BothDownIsAnErrorAndPluggingInHeals) {
  RunningService service;
  service.upstreams().Unplug(Side::kPolymarket);
  service.upstreams().Unplug(Side::kPolysimulator);
  v1::AccountSnapshot snapshot;

  const auto status = service.Get(snapshot);

  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(ReasonOf(status), "NO_SOURCE_AVAILABLE");

  ASSERT_TRUE(service.upstreams().Plug(Side::kPolymarket));
  ASSERT_TRUE(service.upstreams().Plug(Side::kPolysimulator));
  const auto healed = service.GetAnew(snapshot);
  ASSERT_TRUE(healed.ok()) << healed.error_message();
  EXPECT_TRUE(snapshot.completeness().complete());
}

TEST(SlowUpstreamTest, AnAnswerArrivesWithinTheCallersDeadline) {
  RunningService service;
  sandbox::Fault hang;
  hang.kind = sandbox::FaultKind::kHang;
  service.upstreams().Push(Side::kPolymarket, hang);

  v1::AccountSnapshot snapshot;
  ASSERT_TRUE(service.Get(snapshot, {}, milliseconds(500)).ok());

  EXPECT_EQ(snapshot.sources(kPolySimulator).state(), v1::SourceBalance::FRESH);
  EXPECT_TRUE(snapshot.sources(kPolymarketUs).has_failure());
}

TEST(SlowUpstreamTest, AHangingUpstreamIsGivenUpAfterTheAttemptTimeout) {
  RunningService service;
  sandbox::Fault hang;
  hang.kind = sandbox::FaultKind::kHang;
  service.upstreams().Push(Side::kPolymarket, hang);
  v1::SourceBalance source;

  const auto status = service.GetSource("polymarket-us", source);

  EXPECT_EQ(ReasonOf(status), "SOURCE_UNREACHABLE");
  EXPECT_TRUE(service.GetSource("polymarket-us", source).ok());
}

// What the next call meets after a refresh has failed.
enum class After {
  // Both attempts of the refresh met the fault; the next refresh does not.
  kFine,
  // The same after a single attempt: there is no use in another at once, or no time.
  kOnce,
  // One attempt was enough: nothing is sent for a while, whoever asks.
  kLeftAlone,
};

struct FaultCase {
  const char* name;
  Side side;
  sandbox::Fault fault;
  grpc::StatusCode code;
  const char* reason;
  After after;
};

std::ostream& operator<<(std::ostream& out, const FaultCase& tested) { return out << tested.name; }

sandbox::Fault Reply(int status, const std::string& body,
                     const std::string& type = "application/json") {
  sandbox::Fault fault;
  fault.status = status;
  fault.body = body;
  fault.headers.push_back({"Content-Type", type});
  return fault;
}

sandbox::Fault OfKind(sandbox::FaultKind kind, const std::string& body = "") {
  sandbox::Fault fault = Reply(200, body);
  fault.kind = kind;
  return fault;
}

class FaultTest : public testing::TestWithParam<FaultCase> {};

TEST_P(FaultTest, StrictReadFailsWithItsReason) {
  const FaultCase& tested = GetParam();
  RunningService service;
  sandbox::Fault fault = tested.fault;
  const int attempts = tested.after == After::kFine ? kAttempts : 1;
  fault.count = attempts;
  service.upstreams().Push(tested.side, fault);
  const char* id = tested.side == Side::kPolymarket ? "polymarket-us" : "polysimulator";
  v1::SourceBalance source;

  const auto status = service.GetSource(id, source);
  const auto requests = RequestsTo(service, tested.side);

  EXPECT_EQ(status.error_code(), tested.code);
  EXPECT_EQ(ReasonOf(status), tested.reason);
  EXPECT_EQ(requests, attempts);
  if (tested.after == After::kLeftAlone) {
    EXPECT_EQ(ReasonOf(service.GetSource(id, source, milliseconds(300))), tested.reason);
    EXPECT_EQ(RequestsTo(service, tested.side), attempts);
  } else {
    EXPECT_TRUE(service.GetSource(id, source).ok());
  }
}

constexpr auto kUnavailable = grpc::StatusCode::UNAVAILABLE;
constexpr auto kPrecondition = grpc::StatusCode::FAILED_PRECONDITION;
constexpr const char* kGoodBody =
    R"({"balance":"1","currency":"USD","starting_balance":"1","unrealized_pnl":"0","total_value":"1"})";

INSTANTIATE_TEST_SUITE_P(
    Table, FaultTest,
    testing::Values(
        FaultCase{"EmptyOk", Side::kPolymarket, Reply(200, ""), kUnavailable,
                  "SOURCE_REPLY_INVALID", After::kLeftAlone},
        FaultCase{"EmptyObject", Side::kPolymarket, Reply(200, "{}"), kUnavailable,
                  "SOURCE_REPLY_INVALID", After::kLeftAlone},
        FaultCase{"HtmlWithStatus200", Side::kPolysimulator,
                  Reply(200, "<html>log in</html>", "text/html"), kUnavailable,
                  "SOURCE_REPLY_INVALID", After::kLeftAlone},
        FaultCase{"TruncatedBody", Side::kPolysimulator,
                  OfKind(sandbox::FaultKind::kTruncated, kGoodBody), kUnavailable,
                  "SOURCE_UNREACHABLE", After::kFine},
        FaultCase{"CutChunkedBody", Side::kPolysimulator,
                  OfKind(sandbox::FaultKind::kCutChunked, kGoodBody), kUnavailable,
                  "SOURCE_UNREACHABLE", After::kFine},
        FaultCase{"Reset", Side::kPolymarket, OfKind(sandbox::FaultKind::kReset), kUnavailable,
                  "SOURCE_UNREACHABLE", After::kFine},
        FaultCase{"ClosedWithoutAnswer", Side::kPolymarket, OfKind(sandbox::FaultKind::kClose),
                  kUnavailable, "SOURCE_UNREACHABLE", After::kFine},
        FaultCase{"StalledBody", Side::kPolymarket, OfKind(sandbox::FaultKind::kStallBody, "{}"),
                  kUnavailable, "SOURCE_UNREACHABLE", After::kOnce},
        FaultCase{"InternalError", Side::kPolymarket, Reply(500, ""), kUnavailable, "SOURCE_ERROR",
                  After::kFine},
        FaultCase{"BadGateway", Side::kPolymarket, Reply(502, "Bad Gateway", "text/plain"),
                  kUnavailable, "SOURCE_ERROR", After::kFine},
        FaultCase{"Redirect", Side::kPolymarket, Reply(302, ""), kUnavailable, "SOURCE_ERROR",
                  After::kOnce},
        FaultCase{"BareNotFound", Side::kPolysimulator,
                  Reply(404, "404 page not found", "text/plain"), kUnavailable, "SOURCE_ERROR",
                  After::kOnce},
        FaultCase{"CodedNotFound", Side::kPolysimulator,
                  Reply(404, R"({"error":"ACCOUNT_NOT_FOUND","message":"no"})"), kPrecondition,
                  "SOURCE_ACCOUNT_MISSING", After::kLeftAlone},
        FaultCase{"EdgeForbidden", Side::kPolysimulator,
                  Reply(403, "error code: 1010", "text/plain"), kPrecondition, "SOURCE_FORBIDDEN",
                  After::kLeftAlone},
        FaultCase{"CodedForbidden", Side::kPolysimulator,
                  Reply(403, R"({"error":"INSUFFICIENT_PERMISSION","message":"no"})"),
                  kPrecondition, "SOURCE_FORBIDDEN", After::kLeftAlone},
        FaultCase{"PlainTextUnauthorized", Side::kPolymarket,
                  Reply(401, "API key not found\n", "text/plain"), kPrecondition,
                  "SOURCE_CREDENTIALS_REJECTED", After::kLeftAlone},
        FaultCase{"RateLimited", Side::kPolymarket,
                  Reply(429, R"({"status":429,"message":"Too Many Requests"})"), kUnavailable,
                  "SOURCE_RATE_LIMITED", After::kLeftAlone}),
    [](const auto& tested) { return std::string(tested.param.name); });

TEST(ClockSkewTest, ARequestRejectedForItsTimeIsSignedAnewByTheVenuesClock) {
  RunningService service;
  service.upstreams().SetClockOffset(Side::kPolymarket, std::chrono::minutes(5));
  v1::SourceBalance source;

  ASSERT_TRUE(service.GetSource("polymarket-us", source).ok());
  EXPECT_EQ(RequestsTo(service, Side::kPolymarket), 2);
  ASSERT_TRUE(service.GetSource("polymarket-us", source).ok());
  EXPECT_EQ(RequestsTo(service, Side::kPolymarket), 3);

  service.upstreams().SetClockOffset(Side::kPolymarket, std::chrono::seconds(0));
  ASSERT_TRUE(service.GetSource("polymarket-us", source).ok());
}

TEST(ClockSkewTest, AClockTooFarOffIsLeftForAPersonToMend) {
  RunningService service;
  service.upstreams().SetClockOffset(Side::kPolymarket, std::chrono::minutes(20));
  v1::SourceBalance source;

  EXPECT_EQ(ReasonOf(service.GetSource("polymarket-us", source)), "SOURCE_CLOCK_SKEW");
}

TEST(ClockSkewTest, M83_OnceTheClocksAgreeAReloadEndsTheHoldOff) {
  RunningService service;
  service.upstreams().SetClockOffset(Side::kPolymarket, std::chrono::minutes(20));
  v1::SourceBalance source;
  EXPECT_EQ(ReasonOf(service.GetSource("polymarket-us", source)), "SOURCE_CLOCK_SKEW");
  service.upstreams().SetClockOffset(Side::kPolymarket, std::chrono::seconds(0));
  EXPECT_EQ(ReasonOf(service.GetSource("polymarket-us", source)), "SOURCE_CLOCK_SKEW");
  EXPECT_TRUE(service.PathOf("polymarket-us").has_hold_off_until());

  service.Reload();

  EXPECT_FALSE(service.PathOf("polymarket-us").has_hold_off_until());
  v1::AccountSnapshot snapshot;
  ASSERT_TRUE(service.Get(snapshot).ok());
  EXPECT_EQ(snapshot.sources(kPolymarketUs).state(), v1::SourceBalance::FRESH);
}

}  // namespace
}  // namespace balance
