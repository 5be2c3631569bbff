#include "tests/sandbox/polymarket_venue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sodium.h>

#include "tests/support/fake_clock.h"
#include "tests/unit/sandbox/names.h"
#include "tests/unit/sandbox/signing.h"

namespace balance::sandbox {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;

class PolymarketVenueTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_GE(sodium_init(), 0);
    ASSERT_TRUE(venue_.AddKey(VectorKey()));
  }

  static HttpReply Ask(PolymarketVenue& venue, const HttpCall& call) {
    return venue.Answer(call, venue.Identify(call), 1);
  }

  // Signs `path` and sends it.
  HttpReply AskSigned(const std::string& path = kPolymarketBalances) {
    return Ask(venue_, Get(path, Sign(path)));
  }

  std::vector<Header> Sign(const std::string& path) {
    return SignedHeaders(VectorKey(), UnixMilliseconds(clock_.WallNow()), "GET", path);
  }

  void Hold(PolymarketRow row) { venue_.wallets().Set("main", {{std::move(row)}}); }

  FakeClock clock_;
  SideClock side_clock_{clock_};
  PolymarketVenue venue_{clock_, side_clock_, ""};
};

TEST_F(PolymarketVenueTest, AuthWallStandsBeforeRouting) {
  for (const char* path : {kPolymarketBalances, "/v1/nothing", "/", "/health", "/v1/health"}) {
    const HttpReply reply = Ask(venue_, Get(path));

    EXPECT_EQ(reply.status, 401) << path;
    EXPECT_EQ(reply.body, "Missing required API key headers");
  }
}

TEST_F(PolymarketVenueTest, AuthenticatedUnknownPathIsNotFound) {
  EXPECT_EQ(AskSigned("/v1/balance").status, 404);
  EXPECT_EQ(AskSigned("/account/balances").status, 404);
  EXPECT_EQ(AskSigned("/v1/account/balances/").status, 404);
}

TEST_F(PolymarketVenueTest, ReportsTheLedgerInTheVendorsForm) {
  const HttpReply reply = AskSigned();

  EXPECT_EQ(reply.status, 200);
  EXPECT_THAT(reply.body,
              testing::StartsWith(
                  R"({"balances":[{"currentBalance":1482.3175,"currency":"USD",)"
                  R"("lastUpdated":"2026-09-18T14:05:22.118340Z","buyingPower":1190.8175,)"
                  R"("assetNotional":0,"assetAvailable":0,"pendingCredit":0,"openOrders":216.5,)"
                  R"("unsettledFunds":0,"pendingWithdrawals":[],"marginRequirement":75,)"
                  R"("balanceReservation":0,"availableToWithdraw":)"));
  EXPECT_EQ(HeaderOf(reply, "Content-Type"), "application/json");
  EXPECT_EQ(HeaderOf(reply, "x-pm-trace-id").size(), 32U);
}

TEST_F(PolymarketVenueTest, NumbersAreTheLedgersText) {
  PolymarketRow row;
  row.current_balance = "9007199254740993.07";
  row.buying_power = "1.25e3";
  row.asset_notional = "5E2";
  row.unsettled_funds = "-0.01";
  row.pending_credit = "1e-7";
  Hold(row);

  const std::string body = AskSigned().body;

  for (const char* text :
       {"\"currentBalance\":9007199254740993.07,", "\"buyingPower\":1.25e3,",
        "\"assetNotional\":5E2,", "\"unsettledFunds\":-0.01,", "\"pendingCredit\":1e-7,"}) {
    EXPECT_THAT(body, HasSubstr(text));
  }
}

TEST_F(PolymarketVenueTest, ReservationHasThreeStates) {
  PolymarketRow row;
  row.balance_reservation = "1349.5";
  Hold(row);
  EXPECT_THAT(AskSigned().body, HasSubstr("\"balanceReservation\":1349.5"));

  row.reservation_presence = Presence::kNull;
  Hold(row);
  EXPECT_THAT(AskSigned().body, HasSubstr("\"balanceReservation\":null"));

  row.reservation_presence = Presence::kAbsent;
  Hold(row);
  EXPECT_THAT(AskSigned().body, Not(HasSubstr("balanceReservation")));
}

TEST_F(PolymarketVenueTest, NewAccountShowsDefaultsOrNothing) {
  PolymarketRow row;
  row.currency = "";
  Hold(row);
  EXPECT_THAT(AskSigned().body, HasSubstr(R"("currency":"","lastUpdated":null)"));

  venue_.wallets().Set("main", {});
  EXPECT_EQ(AskSigned().body, R"({"balances":[]})");
}

TEST_F(PolymarketVenueTest, NewerAndUnknownFieldsAreSwitches) {
  PolymarketSwitches switches;
  switches.newer_fields = false;
  venue_.SetSwitches(switches);
  EXPECT_THAT(AskSigned().body, Not(HasSubstr("availableToWithdraw")));

  switches.newer_fields = true;
  switches.unknown_field = true;
  venue_.SetSwitches(switches);
  const std::string body = AskSigned().body;
  EXPECT_THAT(body, HasSubstr("\"availableToWithdraw\":1190.8175"));
  EXPECT_THAT(body, HasSubstr(R"("somethingNew":{"a":[1]})"));
}

TEST_F(PolymarketVenueTest, ShortSaleKeepsTheIdentity) {
  PolymarketRow row;
  row.current_balance = "57.0";
  row.margin_requirement = "10";
  Hold(row);

  EXPECT_THAT(AskSigned().body, HasSubstr("\"buyingPower\":47.0,"));
}

TEST_F(PolymarketVenueTest, TwentyRequestsFitIntoAnySecond) {
  for (int i = 0; i < 20; ++i) ASSERT_EQ(AskSigned().status, 200) << i;
  const HttpReply refused = AskSigned();
  clock_.Advance(milliseconds(999));
  const HttpReply still_refused = AskSigned();
  clock_.Advance(milliseconds(1));
  const HttpReply allowed = AskSigned();

  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.body, R"({"status":429,"message":"Too Many Requests"})");
  EXPECT_EQ(HeaderOf(refused, "Retry-After"), "");
  EXPECT_EQ(still_refused.status, 429);
  EXPECT_EQ(allowed.status, 200);
}

TEST_F(PolymarketVenueTest, SideClockDecidesTheWindow) {
  const HttpCall call = Get(kPolymarketBalances, Sign(kPolymarketBalances));

  side_clock_.SetOffset(seconds(31));
  const HttpReply behind = Ask(venue_, call);
  side_clock_.SetOffset(seconds(-30));
  const HttpReply within = Ask(venue_, call);

  EXPECT_EQ(behind.status, 401);
  EXPECT_THAT(behind.body, HasSubstr("timestamp"));
  EXPECT_EQ(within.status, 200);
}

TEST_F(PolymarketVenueTest, PrefixIsServedAndNeverSigned) {
  PolymarketVenue venue(clock_, side_clock_, "/pm");
  ASSERT_TRUE(venue.AddKey(VectorKey()));

  EXPECT_EQ(Ask(venue, Get("/pm/v1/account/balances", Sign(kPolymarketBalances))).status, 200);
  EXPECT_EQ(Ask(venue, Get("/pm/v1/account/balances", Sign("/pm/v1/account/balances"))).status,
            401);
  EXPECT_EQ(Ask(venue, Get(kPolymarketBalances, Sign(kPolymarketBalances))).status, 404);
  EXPECT_EQ(Ask(venue, Get("/pmx", Sign(kPolymarketBalances))).status, 404);
}

TEST_F(PolymarketVenueTest, HealthIsOpenOnlyWhenSwitchedOn) {
  PolymarketSwitches switches;
  switches.health_route = true;
  venue_.SetSwitches(switches);

  const HttpReply reply = Ask(venue_, Get("/v1/health"));

  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body, R"({"status":"ok"})");
}

TEST_F(PolymarketVenueTest, EdgeBlocksSomeUserAgents) {
  const HttpReply reply =
      Ask(venue_, Get(kPolymarketBalances, {{"User-Agent", "Python-urllib/3.11"}}));

  EXPECT_EQ(reply.status, 403);
  EXPECT_THAT(HeaderOf(reply, "Content-Type"), testing::StartsWith("text/html"));
}

TEST_F(PolymarketVenueTest, KeysOfAWalletShareIt) {
  ASSERT_TRUE(venue_.AddKey({"other", VectorKey().secret_key, "second"}));
  venue_.wallets().Set("second", {});
  auto headers = Sign(kPolymarketBalances);
  headers[0].value = "other";

  EXPECT_EQ(Ask(venue_, Get(kPolymarketBalances, headers)).body, R"({"balances":[]})");
  EXPECT_NE(AskSigned().body, R"({"balances":[]})");
}

TEST_F(PolymarketVenueTest, HistoryKeepsEachBodyAndSinceWhen) {
  const WallTime start = clock_.WallNow();
  const std::string first = AskSigned().body;
  clock_.Advance(seconds(1));
  venue_.wallets().Set("main", {});
  venue_.wallets().Set("main", {});

  const auto history = venue_.wallets().history("main");

  ASSERT_EQ(history.size(), 2U);
  EXPECT_EQ(history[0].since, start);
  EXPECT_EQ(history[0].body, first);
  EXPECT_EQ(history[1].since, start + seconds(1));
  EXPECT_EQ(history[1].body, R"({"balances":[]})");
}

}  // namespace
}  // namespace balance::sandbox
