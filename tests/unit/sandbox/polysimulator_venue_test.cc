#include "tests/sandbox/polysimulator_venue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sodium.h>

#include "tests/support/fake_clock.h"
#include "tests/unit/sandbox/names.h"
#include "tests/unit/sandbox/signing.h"

namespace balance::sandbox {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kSecondKey =
    "ps_live_aaaaaaaa11111111222222223333333344444444555555556666666677777777";
constexpr const char* kInitialBody =
    R"({"balance":"8612.45","currency":"USD","starting_balance":"10000.00",)"
    R"("unrealized_pnl":"-311.20","total_value":"9688.80"})";

class PolysimulatorVenueTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_GE(sodium_init(), 0);
    ASSERT_TRUE(venue_.AddKey(PolysimKey{kPolysimKey, "main", KeyState::kActive}));
  }

  HttpReply Ask(const HttpCall& call, int in_flight = 1) {
    return venue_.Answer(call, venue_.Identify(call), in_flight);
  }

  HttpReply AskWithKey(const std::string& key = kPolysimKey) {
    return Ask(Get(kPolysimBalance, {{"X-API-Key", key}}));
  }

  std::string RefusedBody(Envelope envelope) {
    PolysimSwitches switches;
    switches.envelope = envelope;
    venue_.SetSwitches(switches);
    return Ask(Get(kPolysimBalance)).body;
  }

  HttpReply Reset() {
    HttpCall call = Get("/v1/account/reset-api-balance", {{"X-API-Key", kPolysimKey}});
    call.method = "POST";
    return Ask(call);
  }

  FakeClock clock_;
  SideClock side_clock_{clock_};
  PolysimulatorVenue venue_{clock_, side_clock_};
  PolysimSwitches switches_;
};

TEST_F(PolysimulatorVenueTest, ReportsFiveStrings) {
  const HttpReply reply = AskWithKey();

  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body, kInitialBody);
}

TEST_F(PolysimulatorVenueTest, EachHeaderCarriesTheKey) {
  const Header variants[] = {{"X-API-Key", kPolysimKey},
                             {"x-api-key", kPolysimKey},
                             {"Poly-API-Key", kPolysimKey},
                             {"POLY_API_KEY", kPolysimKey},
                             {"Authorization", std::string("Bearer ") + kPolysimKey}};

  for (const Header& header : variants) {
    EXPECT_EQ(Ask(Get(kPolysimBalance, {header})).status, 200) << header.name;
  }
}

TEST_F(PolysimulatorVenueTest, XApiKeyWins) {
  const Header good{"X-API-Key", kPolysimKey};
  const Header bad{"X-API-Key", "ps_live_unknown"};

  EXPECT_EQ(Ask(Get(kPolysimBalance, {{"Authorization", "Bearer ps_live_unknown"}, good})).status,
            200);
  EXPECT_EQ(Ask(Get(kPolysimBalance, {{"Poly-API-Key", kPolysimKey}, bad})).status, 401);
}

TEST_F(PolysimulatorVenueTest, QueryIsIgnored) {
  HttpCall call = Get(kPolysimBalance, {{"X-API-Key", kPolysimKey}});
  call.query = "wallet_id=7";

  EXPECT_EQ(Ask(call).body, kInitialBody);
}

TEST_F(PolysimulatorVenueTest, KeysOfOneUserShareOneBalance) {
  ASSERT_TRUE(venue_.AddKey(PolysimKey{kSecondKey, "main", KeyState::kActive}));
  ASSERT_TRUE(venue_.orders().Place("main", "12.45"));

  EXPECT_EQ(AskWithKey(kPolysimKey).body, AskWithKey(kSecondKey).body);
}

TEST_F(PolysimulatorVenueTest, RefusesMissingAndUnknownKeys) {
  const HttpReply missing = Ask(Get(kPolysimBalance));
  const HttpReply unknown = AskWithKey("ps_live_unknown");
  const HttpReply jwt = Ask(Get(kPolysimBalance, {{"Authorization", "Bearer a.b.c"}}));

  EXPECT_EQ(missing.status, 401);
  EXPECT_EQ(HeaderOf(missing, "X-Polysim-Code"), "MISSING_AUTH");
  EXPECT_EQ(missing.body, R"({"error":"MISSING_AUTH","message":"No credentials supplied"})");
  EXPECT_THAT(HeaderOf(missing, "X-Request-Id"), testing::StartsWith("req-"));
  EXPECT_EQ(HeaderOf(unknown, "X-Polysim-Code"), "INVALID_KEY");
  EXPECT_EQ(HeaderOf(jwt, "X-Polysim-Code"), "INVALID_TOKEN");
}

TEST_F(PolysimulatorVenueTest, JwtIsTakenBySwitch) {
  switches_.accept_jwt = true;
  venue_.SetSwitches(switches_);

  EXPECT_EQ(Ask(Get(kPolysimBalance, {{"Authorization", "Bearer a.b.c"}})).status, 200);
}

TEST_F(PolysimulatorVenueTest, ExpiredKeysHaveACodeOfTheirOwnBySwitch) {
  ASSERT_TRUE(venue_.AddKey(PolysimKey{kPolysimKey, "main", KeyState::kExpired}));
  const HttpReply folded = AskWithKey();
  switches_.separate_key_codes = true;
  venue_.SetSwitches(switches_);
  const HttpReply separate = AskWithKey();

  EXPECT_EQ(HeaderOf(folded, "X-Polysim-Code"), "INVALID_KEY");
  EXPECT_EQ(HeaderOf(separate, "X-Polysim-Code"), "KEY_EXPIRED");
}

TEST_F(PolysimulatorVenueTest, KeyWithoutPermissionIsForbidden) {
  ASSERT_TRUE(venue_.AddKey(PolysimKey{kPolysimKey, "main", KeyState::kForbidden}));

  const HttpReply reply = AskWithKey();

  EXPECT_EQ(reply.status, 403);
  EXPECT_EQ(HeaderOf(reply, "X-Polysim-Code"), "INSUFFICIENT_PERMISSION");
}

TEST_F(PolysimulatorVenueTest, SpeaksEachGenerationOfErrors) {
  EXPECT_THAT(RefusedBody(Envelope::kHttpStatus),
              testing::StartsWith(
                  R"({"error":"HTTP_401","message":"No credentials supplied","request_id":"req-)"));
  EXPECT_EQ(RefusedBody(Envelope::kAprilCodes),
            R"({"error":"MISSING_API_KEY","message":"No credentials supplied","details":{}})");
  EXPECT_EQ(RefusedBody(Envelope::kDetailOnly), R"({"detail":"No credentials supplied"})");
  EXPECT_EQ(RefusedBody(Envelope::kHumanText), R"({"error":"No credentials supplied"})");
  EXPECT_THAT(RefusedBody(Envelope::kVerbose), HasSubstr(R"("details":{},"request_id":"req-)"));
  EXPECT_THAT(RefusedBody(Envelope::kUpgrade), HasSubstr(R"("upgrade_url":"/pricing")"));
  EXPECT_EQ(RefusedBody(Envelope::kFastApiText), R"({"detail":"No credentials supplied"})");
  EXPECT_THAT(RefusedBody(Envelope::kFastApiList), testing::StartsWith(R"({"detail":[{"loc":)"));
  EXPECT_THAT(RefusedBody(Envelope::kFastApiObject), testing::StartsWith(R"({"detail":{"code":)"));
}

TEST_F(PolysimulatorVenueTest, VerboseRequestGetsMore) {
  const HttpReply reply = Ask(Get(kPolysimBalance, {{"X-Polysim-Verbose", "true"}}));

  EXPECT_THAT(reply.body, HasSubstr("\"request_id\":\"" + HeaderOf(reply, "X-Request-Id") + "\""));
}

TEST_F(PolysimulatorVenueTest, HeaderAndBodyCodesMayDisagree) {
  switches_.code_header = "KEY_EXPIRED";
  venue_.SetSwitches(switches_);

  const HttpReply reply = AskWithKey("ps_live_unknown");

  EXPECT_EQ(HeaderOf(reply, "X-Polysim-Code"), "KEY_EXPIRED");
  EXPECT_THAT(reply.body, HasSubstr("INVALID_KEY"));
}

TEST_F(PolysimulatorVenueTest, LegacyMissingKeyIsUnprocessable) {
  switches_.legacy_missing_key = true;
  switches_.envelope = Envelope::kFastApiList;
  venue_.SetSwitches(switches_);

  EXPECT_EQ(Ask(Get(kPolysimBalance)).status, 422);
}

TEST_F(PolysimulatorVenueTest, SchemaSwitches) {
  switches_.json_numbers = true;
  venue_.SetSwitches(switches_);
  EXPECT_THAT(AskWithKey().body, HasSubstr("\"balance\":8612.45,"));

  switches_ = {};
  switches_.missing_total_value = true;
  venue_.SetSwitches(switches_);
  EXPECT_THAT(AskWithKey().body, Not(HasSubstr("total_value")));

  switches_ = {};
  switches_.broken_identity = true;
  venue_.SetSwitches(switches_);
  EXPECT_THAT(AskWithKey().body, HasSubstr("\"unrealized_pnl\":\"-310.20\""));

  switches_ = {};
  switches_.old_schema = true;
  venue_.SetSwitches(switches_);
  EXPECT_EQ(AskWithKey().body,
            R"({"user_id":418,"balance":"8612.45","currency":"USD","starting_balance":"10000.00",)"
            R"("pnl":"-1387.55","pnl_percent":"0.00","unrealized_pnl":"4.25"})");
}

TEST_F(PolysimulatorVenueTest, RestingOrderTakesCashAndCancelReturnsIt) {
  const auto order = venue_.orders().Place("main", "12.45");
  ASSERT_TRUE(order);
  const std::string resting = AskWithKey().body;
  ASSERT_TRUE(venue_.orders().Cancel(*order));
  const std::string cancelled = AskWithKey().body;

  EXPECT_THAT(resting, HasSubstr(R"("balance":"8600.00")"));
  EXPECT_THAT(resting, HasSubstr(R"("total_value":"9676.35")"));
  EXPECT_EQ(cancelled, kInitialBody);
  EXPECT_FALSE(venue_.orders().Cancel(*order));
}

TEST_F(PolysimulatorVenueTest, FilledOrderBecomesPositions) {
  const auto order = venue_.orders().Place("main", "12.45");
  ASSERT_TRUE(venue_.orders().Fill(*order));

  const std::string body = AskWithKey().body;

  EXPECT_THAT(body, HasSubstr(R"("balance":"8600.00")"));
  EXPECT_THAT(body, HasSubstr(R"("total_value":"9688.80")"));
}

TEST_F(PolysimulatorVenueTest, OrdersNeedCashAndAPositiveCost) {
  EXPECT_FALSE(venue_.orders().Place("main", "8612.46"));
  EXPECT_FALSE(venue_.orders().Place("main", "0.00"));
  EXPECT_FALSE(venue_.orders().Place("main", "-1"));
  EXPECT_FALSE(venue_.orders().Place("main", "money"));
  EXPECT_EQ(AskWithKey().body, kInitialBody);
}

TEST_F(PolysimulatorVenueTest, ResetJumpsToTheTiersBaseline) {
  PolysimLedger ledger = InitialPolysimLedger();
  ledger.tier = Tier::kProPlus;
  venue_.wallets().Set("main", ledger);
  const auto order = venue_.orders().Place("main", "12.45");

  const HttpReply reply = Reset();

  EXPECT_EQ(reply.body,
            R"({"message":"API wallet reset","new_api_balance":"25000.00","positions_closed":1,)"
            R"("cooldown_days":0})");
  EXPECT_THAT(AskWithKey().body, HasSubstr(R"("balance":"25000.00")"));
  EXPECT_FALSE(venue_.orders().Cancel(*order));
}

TEST_F(PolysimulatorVenueTest, FreeTierPaysForAReset) {
  PolysimLedger ledger = InitialPolysimLedger();
  ledger.tier = Tier::kFree;
  venue_.wallets().Set("main", ledger);

  const HttpReply reply = Reset();

  EXPECT_EQ(reply.status, 402);
  EXPECT_THAT(reply.body, HasSubstr("upgrade_url"));
}

TEST_F(PolysimulatorVenueTest, AccountMayBeMissing) {
  PolysimLedger ledger;
  ledger.account_exists = false;
  venue_.wallets().Set("main", ledger);

  const HttpReply reply = AskWithKey();

  EXPECT_EQ(reply.status, 404);
  EXPECT_EQ(HeaderOf(reply, "X-Polysim-Code"), "ACCOUNT_NOT_FOUND");
}

TEST_F(PolysimulatorVenueTest, TierLimitsRequestsAndSaysSo) {
  for (int i = 0; i < 10; ++i) ASSERT_EQ(AskWithKey().status, 200);
  const HttpReply refused = AskWithKey();
  clock_.Advance(seconds(1));
  const HttpReply allowed = AskWithKey();

  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(HeaderOf(refused, "X-Polysim-Code"), "RATE_LIMIT_EXCEEDED");
  EXPECT_EQ(HeaderOf(refused, "Retry-After"), "1");
  EXPECT_EQ(HeaderOf(refused, "x-ratelimit-remaining-per-second"), "0");
  EXPECT_EQ(allowed.status, 200);
  EXPECT_EQ(HeaderOf(allowed, "x-ratelimit-tier"), "pro");
  EXPECT_EQ(HeaderOf(allowed, "x-polysim-ratelimit-limit"), "600");
}

TEST_F(PolysimulatorVenueTest, KeysThatBeginAlikeAreLimitedApart) {
  std::string other = kPolysimKey;
  other.back() = 'f';
  ASSERT_TRUE(venue_.AddKey(PolysimKey{other, "main", KeyState::kActive}));

  for (int i = 0; i < 10; ++i) ASSERT_EQ(AskWithKey().status, 200);

  EXPECT_EQ(AskWithKey().status, 429);
  EXPECT_EQ(AskWithKey(other).status, 200);
  const Caller first = venue_.Identify(Get(kPolysimBalance, {{"X-API-Key", kPolysimKey}}));
  const Caller second = venue_.Identify(Get(kPolysimBalance, {{"X-API-Key", other}}));
  EXPECT_EQ(first.key, second.key);
  EXPECT_NE(first.credential, second.credential);
}

TEST_F(PolysimulatorVenueTest, LimiterMayFailOpen) {
  switches_.fail_open = true;
  venue_.SetSwitches(switches_);

  for (int i = 0; i < 50; ++i) ASSERT_EQ(AskWithKey().status, 200);
  EXPECT_EQ(HeaderOf(AskWithKey(), "x-ratelimit-tier"), "");
}

TEST_F(PolysimulatorVenueTest, ConcurrencyHasACap) {
  switches_.concurrent_requests = 3;
  venue_.SetSwitches(switches_);
  const HttpCall call = Get(kPolysimBalance, {{"X-API-Key", kPolysimKey}});

  EXPECT_EQ(Ask(call, 3).status, 200);
  EXPECT_EQ(Ask(call, 4).status, 429);
}

TEST_F(PolysimulatorVenueTest, BetaCutoffMeansTheFreeTier) {
  switches_.beta_cutoff = true;
  venue_.SetSwitches(switches_);

  const HttpReply reply = AskWithKey();

  EXPECT_EQ(HeaderOf(reply, "X-API-Beta-Cutoff"), "expired");
  EXPECT_EQ(HeaderOf(reply, "x-ratelimit-limit-per-second"), "2");
}

TEST_F(PolysimulatorVenueTest, EdgeOutageAndEdgeBlockArePlainText) {
  const HttpReply blocked = Ask(Get(kPolysimBalance, {{"User-Agent", "Python-urllib/3.11"}}));
  switches_.edge_outage = true;
  venue_.SetSwitches(switches_);
  const HttpReply outage = AskWithKey();

  EXPECT_EQ(blocked.status, 403);
  EXPECT_EQ(blocked.body, "error code: 1010");
  EXPECT_EQ(outage.status, 404);
  EXPECT_EQ(HeaderOf(outage, "X-Polysim-Code"), "");
  EXPECT_THAT(HeaderOf(outage, "Content-Type"), testing::StartsWith("text/plain"));
}

TEST_F(PolysimulatorVenueTest, HealthNeedsNoKey) {
  EXPECT_EQ(Ask(Get("/v1/health")).status, 200);
  EXPECT_EQ(Ask(Get("/v1/health/live")).status, 200);
  EXPECT_EQ(Ask(Get("/v1/health/ready")).status, 200);
  switches_.health = HealthMode::kDegraded;
  venue_.SetSwitches(switches_);
  EXPECT_THAT(Ask(Get("/v1/health/ready")).body, HasSubstr("degraded"));
  switches_.health = HealthMode::kFailing;
  venue_.SetSwitches(switches_);
  EXPECT_EQ(Ask(Get("/v1/health/ready")).status, 503);
}

TEST_F(PolysimulatorVenueTest, UnknownPathIsFastApis) {
  const HttpReply reply = Ask(Get("/account/balance", {{"X-API-Key", kPolysimKey}}));

  EXPECT_EQ(reply.status, 404);
  EXPECT_EQ(reply.body, R"({"detail":"Not Found"})");
}

}  // namespace
}  // namespace balance::sandbox
