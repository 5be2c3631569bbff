#include "tests/sandbox/polysimulator_sockets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sodium.h>

#include <nlohmann/json.hpp>

#include "tests/sandbox/polysimulator_venue.h"
#include "tests/support/fake_clock.h"
#include "tests/unit/sandbox/names.h"
#include "tests/unit/sandbox/recording_peer.h"
#include "tests/unit/sandbox/signing.h"

namespace balance::sandbox {
namespace {

using nlohmann::json;
using std::chrono::seconds;
using testing::AllOf;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr const char* kExecutions = "/v1/ws/executions";
constexpr const char* kUser = "/v1/ws/user";
constexpr const char* kConnected = R"({"type":"connected","feed":"executions"})";
constexpr const char* kPing = R"({"action":"ping"})";

class PolysimulatorSocketsTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_GE(sodium_init(), 0);
    ASSERT_TRUE(venue_.AddKey(PolysimKey{kPolysimKey, "main", KeyState::kActive}));
  }

  HttpReply Ask(const HttpCall& call) { return venue_.Answer(call, venue_.Identify(call), 1); }

  HttpReply AskForToken(const std::string& key = kPolysimKey) {
    HttpCall call = Get("/v1/keys/ws-token", {{"X-API-Key", key}});
    call.method = "POST";
    return Ask(call);
  }

  std::string Token() { return json::parse(AskForToken().body).at("token"); }

  // Opens a socket with `token`; empty: without.
  std::unique_ptr<SocketSession> Open(SocketPeer& peer, const std::string& token,
                                      const std::string& path = kExecutions) {
    HttpCall call = Get(path, UpgradeHeaders());
    if (!token.empty()) call.query = "token=" + token;
    const Caller caller = venue_.Identify(call);
    EXPECT_EQ(Ask(call).status, 101);
    auto session = venue_.OpenSocket(call, caller, peer);
    session->OnOpen();
    return session;
  }

  void FillAnOrder() {
    const auto id = venue_.orders().Place("main", "10.25");
    ASSERT_TRUE(id);
    ASSERT_TRUE(venue_.orders().Fill(*id));
  }

  // The message about a fill.
  json FillMessage(const PolysimSwitches& switches) {
    venue_.SetSwitches(switches);
    RecordingPeer peer;
    const auto session = Open(peer, Token());
    FillAnOrder();
    return json::parse(peer.sent.back());
  }

  FakeClock clock_;
  SideClock side_clock_{clock_};
  PolysimulatorVenue venue_{clock_, side_clock_};
};

TEST_F(PolysimulatorSocketsTest, TokenIsForKeysOnly) {
  HttpCall without_key = Get("/v1/keys/ws-token");
  without_key.method = "POST";

  const HttpReply issued = AskForToken();

  EXPECT_EQ(issued.status, 200);
  EXPECT_EQ(json::parse(issued.body).at("expires_in"), 60);
  EXPECT_EQ(Ask(without_key).status, 401);
  EXPECT_THAT(Ask(without_key).body, HasSubstr("MISSING_API_KEY"));
  EXPECT_EQ(AskForToken(std::string(kPolysimKey) + "0").status, 401);
  EXPECT_EQ(Ask(Get("/v1/keys/ws-token", {{"X-API-Key", kPolysimKey}})).status, 405);
}

TEST_F(PolysimulatorSocketsTest, SdkFindsTheTokenUnderOtherNames) {
  PolysimSwitches switches;
  switches.token_field = "ws_token";
  venue_.SetSwitches(switches);

  const json body = json::parse(AskForToken().body);

  EXPECT_FALSE(body.contains("token"));
  EXPECT_THAT(venue_.tokens().issued(), ElementsAre(body.at("ws_token")));
}

TEST_F(PolysimulatorSocketsTest, ConnectedComesFirstAndThenFills) {
  RecordingPeer peer;
  const auto session = Open(peer, Token());

  FillAnOrder();

  ASSERT_EQ(peer.sent.size(), 2U);
  EXPECT_EQ(peer.sent[0], kConnected);
  EXPECT_THAT(peer.sent[1], AllOf(HasSubstr(R"({"type":"fill","order_id":1,"market_id":)"),
                                  HasSubstr(R"("price":"0.50","quantity":"20.50","filled_at":")")));
}

TEST_F(PolysimulatorSocketsTest, NothingButAFillIsToldAndNeverABalance) {
  RecordingPeer peer;
  const auto session = Open(peer, Token());

  PolysimLedger ledger;
  ledger.balance = "1234.56";
  venue_.wallets().Set("main", ledger);
  const auto id = venue_.orders().Place("main", "10.00");
  ASSERT_TRUE(venue_.orders().Cancel(*id));
  EXPECT_THAT(peer.sent, ElementsAre(kConnected));
  FillAnOrder();

  EXPECT_EQ(peer.sent.size(), 2U);
  EXPECT_THAT(peer.sent, Each(Not(HasSubstr("balance"))));
}

TEST_F(PolysimulatorSocketsTest, FillsOfOtherWalletsAreNotTold) {
  ASSERT_TRUE(
      venue_.AddKey(PolysimKey{std::string(kPolysimKey) + "2", "second", KeyState::kActive}));
  RecordingPeer peer;
  const auto session =
      Open(peer, json::parse(AskForToken(std::string(kPolysimKey) + "2").body).at("token"));

  FillAnOrder();

  EXPECT_THAT(peer.sent, ElementsAre(kConnected));
}

TEST_F(PolysimulatorSocketsTest, TokenOpensOneSocket) {
  const std::string token = Token();
  RecordingPeer first;
  RecordingPeer second;

  const auto open = Open(first, token);
  const auto refused = Open(second, token);

  EXPECT_EQ(first.close_code, 0);
  EXPECT_EQ(second.close_code, 4001);
  EXPECT_THAT(second.sent, IsEmpty());
}

TEST_F(PolysimulatorSocketsTest, TokenLastsSixtySeconds) {
  const std::string in_time = Token();
  const std::string late = Token();
  RecordingPeer first;
  RecordingPeer second;

  clock_.Advance(seconds(60) - std::chrono::milliseconds(1));
  const auto open = Open(first, in_time);
  clock_.Advance(std::chrono::milliseconds(1));
  const auto refused = Open(second, late);

  EXPECT_EQ(first.close_code, 0);
  EXPECT_EQ(second.close_code, 4001);
}

TEST_F(PolysimulatorSocketsTest, UnknownAndMissingTokensAreClosed) {
  for (const char* token : {"", "wst_0000"}) {
    RecordingPeer peer;
    const auto session = Open(peer, token);
    EXPECT_EQ(peer.close_code, 4001) << token;
  }
}

TEST_F(PolysimulatorSocketsTest, TierCapsTheSockets) {
  PolysimLedger ledger;
  ledger.tier = Tier::kFree;
  venue_.wallets().Set("main", ledger);
  RecordingPeer first;
  RecordingPeer second;
  RecordingPeer third;

  auto open = Open(first, Token());
  const auto refused = Open(second, Token());
  open.reset();
  clock_.Advance(seconds(1));
  const auto instead = Open(third, Token());

  EXPECT_EQ(second.close_code, 4002);
  EXPECT_THAT(third.sent, ElementsAre(kConnected));
}

TEST_F(PolysimulatorSocketsTest, GenerationsOfFills) {
  PolysimSwitches switches;
  switches.text_order_ids = true;
  const json fill = FillMessage(switches);
  switches.fill_frames = FillFrames::kExecution;
  const json execution = FillMessage(switches);
  switches.fill_frames = FillFrames::kNested;
  const json nested = FillMessage(switches);

  EXPECT_EQ(fill.at("type"), "fill");
  EXPECT_EQ(fill.at("order_id"), "1");
  EXPECT_EQ(execution.at("type"), "execution");
  EXPECT_EQ(execution.at("status"), "FILLED");
  EXPECT_TRUE(execution.contains("timestamp"));
  EXPECT_EQ(nested.at("type"), "execution");
  EXPECT_EQ(nested.at("data").at("order_id"), "3");
}

TEST_F(PolysimulatorSocketsTest, PingGetsAPongAndAnythingElseAnError) {
  RecordingPeer peer;
  const auto session = Open(peer, Token());

  session->OnMessage(kPing);
  session->OnMessage("nonsense");

  ASSERT_EQ(peer.sent.size(), 3U);
  EXPECT_THAT(peer.sent[1], HasSubstr(R"({"type":"pong","ts":)"));
  EXPECT_THAT(peer.sent[2], HasSubstr(R"("type":"error")"));
  EXPECT_EQ(peer.close_code, 0);
}

TEST_F(PolysimulatorSocketsTest, UserSocketTakesAKeyInItsFirstMessage) {
  RecordingPeer peer;
  const auto session = Open(peer, "", kUser);

  session->OnMessage(std::string(R"({"auth":{"apiKey":")") + kPolysimKey + R"("},"type":"user"})");
  FillAnOrder();
  session->OnMessage(kPing);

  ASSERT_EQ(peer.sent.size(), 2U);
  EXPECT_THAT(peer.sent[0],
              AllOf(HasSubstr(R"("event_type":"trade")"), HasSubstr(R"("status":"MATCHED")")));
  EXPECT_EQ(peer.sent[1], R"({"event_type":"pong"})");
}

TEST_F(PolysimulatorSocketsTest, UserSocketClosesWith1008WithoutAGoodLogin) {
  RecordingPeer no_key;
  RecordingPeer bad_token;

  Open(no_key, "", kUser)->OnMessage(R"({"auth":{"apiKey":"ps_live_wrong"}})");
  Open(bad_token, "wst_0000", kUser);

  EXPECT_EQ(no_key.close_code, 1008);
  EXPECT_EQ(bad_token.close_code, 1008);
}

TEST_F(PolysimulatorSocketsTest, PlainGetOfASocketIsA404WithAHint) {
  const HttpReply reply = Ask(Get(kExecutions));

  EXPECT_EQ(reply.status, 404);
  EXPECT_THAT(json::parse(reply.body).at("detail").get<std::string>(), HasSubstr("WebSocket"));
}

}  // namespace
}  // namespace balance::sandbox
