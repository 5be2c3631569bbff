#include "tests/sandbox/polymarket_sockets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sodium.h>

#include "tests/sandbox/polymarket_venue.h"
#include "tests/support/fake_clock.h"
#include "tests/unit/sandbox/names.h"
#include "tests/unit/sandbox/recording_peer.h"
#include "tests/unit/sandbox/signing.h"

namespace balance::sandbox {
namespace {

using std::chrono::seconds;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

PolymarketRow Row(const std::string& currency, const std::string& cash) {
  PolymarketRow row;
  row.currency = currency;
  row.current_balance = cash;
  return row;
}

class PolymarketSocketsTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_GE(sodium_init(), 0);
    ASSERT_TRUE(venue_.AddKey(VectorKey()));
    Hold({Row("USD", "120.5")});
  }

  HttpCall SignedCall(const std::string& signed_path = kPolymarketSocket,
                      WallTime at = FakeClock().WallNow()) {
    std::vector<Header> headers = UpgradeHeaders();
    for (Header& header : SignedHeaders(VectorKey(), UnixMilliseconds(at), "GET", signed_path)) {
      headers.push_back(std::move(header));
    }
    return Get(kPolymarketSocket, std::move(headers));
  }

  HttpReply Ask(const HttpCall& call) { return venue_.Answer(call, venue_.Identify(call), 1); }

  std::unique_ptr<SocketSession> Open(SocketPeer& peer) {
    const HttpCall call = SignedCall();
    return venue_.OpenSocket(call, venue_.Identify(call), peer);
  }

  void Hold(std::vector<PolymarketRow> rows, const std::string& wallet = "main") {
    venue_.wallets().Set(wallet, {std::move(rows)});
  }

  void Switch(const PolymarketSwitches& switches) { venue_.SetSwitches(switches); }

  // What a subscriber is told when 120.5 becomes 118.25.
  std::vector<std::string> SnapshotAndUpdate(const PolymarketSwitches& switches) {
    Switch(switches);
    RecordingPeer peer;
    const auto session = Open(peer);
    session->OnMessage(kSubscribe);
    Hold({Row("USD", "118.25")});
    return peer.sent;
  }

  FakeClock clock_;
  SideClock side_clock_{clock_};
  PolymarketVenue venue_{clock_, side_clock_, ""};
};

TEST_F(PolymarketSocketsTest, UpgradeNeedsASignatureOverItsOwnPath) {
  const HttpReply of_another_path = Ask(SignedCall("/v1/account/balances"));
  const HttpReply stale = Ask(SignedCall(kPolymarketSocket, clock_.WallNow() - seconds(31)));
  const HttpReply unsigned_call = Ask(Get(kPolymarketSocket, UpgradeHeaders()));

  EXPECT_EQ(Ask(SignedCall()).status, 101);
  for (const HttpReply& refused : {of_another_path, stale, unsigned_call}) {
    EXPECT_EQ(refused.status, 401);
    EXPECT_THAT(refused.body, StartsWith("unauthorized: "));
  }
}

TEST_F(PolymarketSocketsTest, RequestThatWantsNoSocketIsRefused) {
  const auto headers =
      SignedHeaders(VectorKey(), UnixMilliseconds(clock_.WallNow()), "GET", kPolymarketSocket);

  EXPECT_EQ(Ask(Get(kPolymarketSocket, headers)).status, 400);
}

TEST_F(PolymarketSocketsTest, SnapshotIsTheAnswerToEitherFormOfSubscribe) {
  for (const char* request :
       {kSubscribe, R"({"subscribe":{"request_id":"r1","subscription_type":4}})"}) {
    RecordingPeer peer;
    const auto session = Open(peer);

    session->OnMessage(request);

    ASSERT_EQ(peer.sent.size(), 1U) << request;
    EXPECT_THAT(peer.sent.front(),
                StartsWith(R"({"requestId":"r1","subscriptionType":)"
                           R"("SUBSCRIPTION_TYPE_ACCOUNT_BALANCE","accountBalancesSnapshot":)"
                           R"({"balances":[{"currentBalance":120.5,"currency":"USD")"));
  }
}

TEST_F(PolymarketSocketsTest, NothingIsSaidBeforeASubscription) {
  RecordingPeer peer;
  const auto session = Open(peer);

  session->OnOpen();
  Hold({Row("USD", "1")});

  EXPECT_THAT(peer.sent, IsEmpty());
}

TEST_F(PolymarketSocketsTest, ChangeOfALedgerTellsItsSubscribersBeforeAndAfter) {
  const auto sent = SnapshotAndUpdate({});

  ASSERT_EQ(sent.size(), 2U);
  EXPECT_THAT(sent[1], AllOf(HasSubstr(R"("accountBalancesUpdate":{"balanceChange":)"
                                       R"({"beforeBalance":{"currentBalance":120.5)"),
                             HasSubstr(R"("afterBalance":{"currentBalance":118.25)"),
                             HasSubstr(R"("entryType":"LEDGER_ENTRY_TYPE_ORDER_EXECUTION")"),
                             HasSubstr(R"("error":"")")));
}

TEST_F(PolymarketSocketsTest, RowThatComesOrGoesHasNullBeforeOrAfter) {
  RecordingPeer peer;
  const auto session = Open(peer);
  session->OnMessage(kSubscribe);

  Hold({Row("USDC", "3")});

  ASSERT_EQ(peer.sent.size(), 3U);
  EXPECT_THAT(peer.sent[1], HasSubstr(R"("afterBalance":null)"));
  EXPECT_THAT(peer.sent[2], HasSubstr(R"("beforeBalance":null)"));
}

TEST_F(PolymarketSocketsTest, NullsReplaceAllThatMayBeNull) {
  PolymarketSwitches switches;
  switches.socket_nulls = true;

  EXPECT_THAT(SnapshotAndUpdate(switches).back(),
              AllOf(HasSubstr(R"("beforeBalance":null,"afterBalance":null)"),
                    HasSubstr(R"("updateTime":null)")));
}

TEST_F(PolymarketSocketsTest, WithoutTheEmptyErrorFramesHaveNoError) {
  PolymarketSwitches switches;
  switches.socket_empty_error = false;

  for (const std::string& frame : SnapshotAndUpdate(switches)) {
    EXPECT_THAT(frame, Not(HasSubstr("error")));
  }
}

TEST_F(PolymarketSocketsTest, SnakeCaseRenamesEveryNameAndNoValue) {
  PolymarketSwitches switches;
  switches.socket_names = SocketNames::kSnakeCase;

  const auto sent = SnapshotAndUpdate(switches);

  EXPECT_THAT(sent[0], StartsWith(R"({"request_id":"r1","subscription_type":)"
                                  R"("SUBSCRIPTION_TYPE_ACCOUNT_BALANCE",)"
                                  R"("account_balances_snapshot":{"balances":)"
                                  R"([{"current_balance":120.5,"currency":"USD")"));
  EXPECT_THAT(sent[1], HasSubstr(R"("account_balances_update":{"balance_change":{"before_bal)"));
}

TEST_F(PolymarketSocketsTest, OlderGenerationsAreFlat) {
  PolymarketSwitches switches;
  switches.socket_empty_error = false;
  const std::string head =
      R"({"requestId":"r1","subscriptionType":"SUBSCRIPTION_TYPE_ACCOUNT_BALANCE",)";
  const std::string figures = R"({"balance":118.25,"buyingPower":118.25}})";
  switches.socket_names = SocketNames::kSubscription;
  const auto subscription = SnapshotAndUpdate(switches);
  Hold({Row("USD", "120.5")});
  switches.socket_names = SocketNames::kLegacy;
  const auto legacy = SnapshotAndUpdate(switches);

  EXPECT_THAT(subscription, ElementsAre(head + R"("accountBalanceSubscriptionSnapshot":)" +
                                            R"({"balance":120.5,"buyingPower":120.5}})",
                                        head + R"("accountBalanceSubscriptionUpdate":)" + figures));
  EXPECT_EQ(legacy[0], subscription[0]);
  EXPECT_EQ(legacy[1], head + R"("accountBalanceUpdate":)" + figures);
}

TEST_F(PolymarketSocketsTest, ErrorsAreFramesAndTheSocketGoesOn) {
  RecordingPeer peer;
  const auto session = Open(peer);

  session->OnMessage("not JSON");
  session->OnMessage("[]");
  session->OnMessage(R"({"subscribe":null})");
  session->OnMessage(R"({"subscribe":{"requestId":"r1","subscriptionType":9}})");
  session->OnMessage(kSubscribe);
  session->OnMessage(kSubscribe);

  ASSERT_EQ(peer.sent.size(), 6U);
  EXPECT_THAT(peer.sent[0], HasSubstr(R"("error":"invalid request")"));
  EXPECT_THAT(peer.sent[2], HasSubstr(R"("error":"requestId is required")"));
  EXPECT_THAT(peer.sent[3], AllOf(HasSubstr(R"("requestId":"r1")"),
                                  HasSubstr(R"("error":"unknown subscription type")")));
  EXPECT_THAT(peer.sent[4], HasSubstr("accountBalancesSnapshot"));
  EXPECT_THAT(peer.sent[5], HasSubstr(R"("error":"duplicate requestId")"));
  EXPECT_EQ(peer.close_code, 0);
}

TEST_F(PolymarketSocketsTest, OtherSubscriptionsAreTakenInSilence) {
  RecordingPeer peer;
  const auto session = Open(peer);

  session->OnMessage(
      R"({"subscribe":{"requestId":"o","subscriptionType":"SUBSCRIPTION_TYPE_ORDER"}})");
  session->OnMessage(R"({"subscribe":{"requestId":"p","subscriptionType":3}})");
  Hold({Row("USD", "1")});

  EXPECT_THAT(peer.sent, IsEmpty());
}

TEST_F(PolymarketSocketsTest, UnsubscribedNothingMoreIsSaid) {
  RecordingPeer peer;
  const auto session = Open(peer);
  session->OnMessage(kSubscribe);

  session->OnMessage(R"({"unsubscribe":{"requestId":"r1"}})");
  Hold({Row("USD", "1")});

  EXPECT_EQ(peer.sent.size(), 1U);
}

TEST_F(PolymarketSocketsTest, OtherWalletsAndUnchangedRowsSayNothing) {
  RecordingPeer peer;
  const auto session = Open(peer);
  session->OnMessage(kSubscribe);

  Hold({Row("USD", "7")}, "second");
  Hold({Row("USD", "120.5")});

  EXPECT_EQ(peer.sent.size(), 1U);
}

TEST_F(PolymarketSocketsTest, WhatHappenedWithoutASocketIsNotReplayed) {
  {
    RecordingPeer peer;
    Open(peer)->OnMessage(kSubscribe);
  }
  Hold({Row("USD", "118.25")});
  RecordingPeer peer;
  const auto session = Open(peer);

  session->OnMessage(kSubscribe);

  ASSERT_EQ(peer.sent.size(), 1U);
  EXPECT_THAT(peer.sent.front(), HasSubstr(R"("currentBalance":118.25)"));
}

TEST_F(PolymarketSocketsTest, HeartbeatsComeAtTheirInterval) {
  PolymarketSwitches switches;
  switches.socket_heartbeat = seconds(3);
  Switch(switches);
  RecordingPeer peer;
  const auto session = Open(peer);

  session->OnHeartbeat();

  EXPECT_EQ(session->heartbeat_interval(), seconds(3));
  EXPECT_THAT(peer.sent, ElementsAre(R"({"heartbeat":{}})"));
}

TEST_F(PolymarketSocketsTest, CapRefusesOneSocketMoreWith429) {
  PolymarketSwitches switches;
  switches.sockets_per_key = 1;
  Switch(switches);
  RecordingPeer peer;
  auto session = Open(peer);

  EXPECT_EQ(Ask(SignedCall()).status, 429);
  session.reset();
  EXPECT_EQ(Ask(SignedCall()).status, 101);
}

TEST_F(PolymarketSocketsTest, UpgradesCountAgainstTheLimitOfRequests) {
  PolymarketSwitches switches;
  switches.requests_per_second = 1;
  Switch(switches);

  EXPECT_EQ(Ask(SignedCall()).status, 101);
  EXPECT_EQ(Ask(SignedCall()).status, 429);
}

}  // namespace
}  // namespace balance::sandbox
