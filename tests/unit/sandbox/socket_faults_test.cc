#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/sandbox/sandbox.h"
#include "tests/unit/sandbox/names.h"
#include "tests/unit/sandbox/signing.h"
#include "tests/unit/sandbox/socket_client.h"
#include "tests/unit/sandbox/web_socket_client.h"

namespace balance::sandbox {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using Kind = SocketEvent::Kind;

constexpr const char* kErrorFrame = R"({"requestId":"r1","error":"internal error"})";
// Long enough for a message that is on its way, short enough to be waited for.
constexpr int kShort = 50;

SocketFault FaultOf(SocketFaultKind kind) {
  SocketFault fault;
  fault.kind = kind;
  return fault;
}

SocketFault TextFault(std::string body) {
  SocketFault fault = FaultOf(SocketFaultKind::kText);
  fault.body = std::move(body);
  return fault;
}

SocketFault CloseFault(int code) {
  SocketFault fault = FaultOf(SocketFaultKind::kClose);
  fault.code = code;
  fault.reason = "as told";
  return fault;
}

class SocketFaultsTest : public testing::Test {
 protected:
  void SetUp() override {
    auto started = Sandbox::Start();
    ASSERT_TRUE(started) << started.error().message;
    sandbox_ = std::move(*started);
  }

  int Open(WebSocketClient& client) {
    return client.Open(kPolymarketSocket,
                       SignedHeaders(sandbox_->polymarket_key(),
                                     UnixMilliseconds(std::chrono::system_clock::now()), "GET",
                                     kPolymarketSocket));
  }

  // Opens the socket and reads the snapshot.
  void Subscribe(WebSocketClient& client) {
    ASSERT_EQ(Open(client), 101) << client.refusal();
    client.Send(kSubscribe);
    ASSERT_THAT(client.Text(), HasSubstr("accountBalancesSnapshot"));
  }

  // What a subscriber meets who is told nothing but `fault`.
  SocketEvent Meet(const SocketFault& fault) {
    WebSocketClient client(sandbox_->port(kPm));
    Subscribe(client);
    EXPECT_EQ(sandbox_->Act(kPm, fault), 1);
    return client.Next();
  }

  void Await(const std::function<bool(const SocketCounters&)>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!condition(sandbox_->Counters(kPm).sockets)) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline);
      std::this_thread::yield();
    }
  }

  std::unique_ptr<Sandbox> sandbox_;
};

TEST_F(SocketFaultsTest, MovedMoneyReachesTheSocket) {
  WebSocketClient client(sandbox_->port(kPm));
  Subscribe(client);

  sandbox_->MoveMoney();

  EXPECT_THAT(client.Text(), HasSubstr("accountBalancesUpdate"));
}

TEST_F(SocketFaultsTest, OpenSocketsAndTheirUpgradesAreCounted) {
  WebSocketClient refused(sandbox_->port(kPm));
  EXPECT_EQ(refused.Open(kPolymarketSocket), 401);
  EXPECT_THAT(refused.refusal(), HasSubstr("unauthorized"));
  WebSocketClient client(sandbox_->port(kPm));
  Subscribe(client);

  const SideCounters open = sandbox_->Counters(kPm);
  client.Close(1001);
  Await([](const SocketCounters& sockets) { return sockets.open == 0; });
  const SideCounters closed = sandbox_->Counters(kPm);

  EXPECT_EQ(open.by_path.at(kPolymarketSocket).by_status.at(401), 1U);
  EXPECT_EQ(open.by_path.at(kPolymarketSocket).by_status.at(101), 1U);
  EXPECT_EQ(open.in_flight, 0);
  EXPECT_EQ(open.sockets.opened, 1U);
  EXPECT_EQ(open.sockets.open, 1U);
  EXPECT_EQ(open.sockets.messages_received, 1U);
  EXPECT_EQ(open.sockets.messages_sent, 1U);
  EXPECT_EQ(closed.sockets.max_open, 1U);
  EXPECT_EQ(closed.sockets.ended_by_code.at(1001), 1U);
}

TEST_F(SocketFaultsTest, HeartbeatsComeByThemselves) {
  PolymarketSwitches switches;
  switches.socket_heartbeat = milliseconds(1);
  sandbox_->SetSwitches(switches);
  WebSocketClient client(sandbox_->port(kPm));
  ASSERT_EQ(Open(client), 101);

  EXPECT_EQ(client.Text(), R"({"heartbeat":{}})");
  EXPECT_EQ(client.Text(), R"({"heartbeat":{}})");
}

TEST_F(SocketFaultsTest, RefusedUpgradesAreFaultsOfTheRequest) {
  for (const auto& [name, status] :
       {std::pair("pm_401_unknown", 401), std::pair("pm_403_edge", 403),
        std::pair("pm_429_json", 429)}) {
    Fault fault = CatalogueFault(name).value();
    fault.path = kPolymarketSocket;
    sandbox_->Push(kPm, fault);
    WebSocketClient client(sandbox_->port(kPm));
    EXPECT_EQ(Open(client), status);
  }
  EXPECT_EQ(sandbox_->Counters(kPm).sockets.opened, 0U);
}

TEST_F(SocketFaultsTest, DelayedUpgradeIsAnUpgrade) {
  Fault fault;
  fault.kind = FaultKind::kPass;
  fault.delay = milliseconds(5);
  sandbox_->Push(kPm, fault);
  WebSocketClient client(sandbox_->port(kPm));

  EXPECT_EQ(Open(client), 101);
}

TEST_F(SocketFaultsTest, ErrorFramesDoNotClose) {
  WebSocketClient client(sandbox_->port(kPm));
  Subscribe(client);

  EXPECT_EQ(sandbox_->Act(kPm, TextFault(kErrorFrame)), 1);

  EXPECT_EQ(client.Text(), kErrorFrame);
  sandbox_->MoveMoney();
  EXPECT_THAT(client.Text(), HasSubstr("accountBalancesUpdate"));
}

TEST_F(SocketFaultsTest, SilentSocketSaysNothingButAnswersPings) {
  WebSocketClient client(sandbox_->port(kPm));
  Subscribe(client);

  sandbox_->Act(kPm, FaultOf(SocketFaultKind::kSilence));
  sandbox_->MoveMoney();

  EXPECT_TRUE(client.PongComes(10'000));
  EXPECT_EQ(client.Next(kShort).kind, Kind::kSilence);
  EXPECT_EQ(sandbox_->Counters(kPm).sockets.pings_received, 1U);
}

TEST_F(SocketFaultsTest, FrozenSocketAnswersNoPingEither) {
  SocketFault fault = FaultOf(SocketFaultKind::kFreeze);
  sandbox_->Push(kPm, fault);
  WebSocketClient client(sandbox_->port(kPm));
  ASSERT_EQ(Open(client), 101);

  EXPECT_FALSE(client.PongComes(kShort));
}

TEST_F(SocketFaultsTest, AFrozenSocketEndsWhenItsClientIsFoundToBeGone) {
  sandbox_->Push(kPm, FaultOf(SocketFaultKind::kFreeze));
  {
    WebSocketClient client(sandbox_->port(kPm));
    ASSERT_EQ(Open(client), 101);
  }
  SocketFault text = FaultOf(SocketFaultKind::kText);
  text.body = "{";
  text.frames = 3;
  EXPECT_EQ(sandbox_->Act(kPm, text), 1);

  Await([](const SocketCounters& sockets) { return sockets.open == 0; });
}

TEST_F(SocketFaultsTest, FloodIsAllUpdates) {
  SocketFault flood = FaultOf(SocketFaultKind::kFlood);
  flood.frames = 1000;
  WebSocketClient client(sandbox_->port(kPm));
  Subscribe(client);

  EXPECT_EQ(sandbox_->Act(kPm, flood), 1);

  for (int i = 0; i < flood.frames; ++i) {
    ASSERT_THAT(client.Text(), HasSubstr("accountBalancesUpdate")) << i;
  }
}

TEST_F(SocketFaultsTest, ClosesWithTheCodeThatIsWanted) {
  for (const int code : {1000, 1001, 1008, 1011, 4001, 4002}) {
    const SocketEvent event = Meet(CloseFault(code));
    EXPECT_EQ(event.kind, Kind::kClosed) << code;
    EXPECT_EQ(event.code, code);
    EXPECT_EQ(event.text, "as told");
  }
}

TEST_F(SocketFaultsTest, SocketsEndWithoutACloseFrame) {
  EXPECT_EQ(Meet(FaultOf(SocketFaultKind::kDrop)).kind, Kind::kBroken);
  EXPECT_EQ(Meet(FaultOf(SocketFaultKind::kReset)).kind, Kind::kBroken);
}

TEST_F(SocketFaultsTest, BadFramesAreWhatTheyAre) {
  SocketFault binary = TextFault("\x01\x02");
  binary.kind = SocketFaultKind::kBinary;
  SocketFault no_frame = TextFault("this is not a frame");
  no_frame.kind = SocketFaultKind::kRaw;
  SocketFault large = TextFault("{}");
  large.size = 2 << 20;

  EXPECT_EQ(Meet(TextFault(R"({"accountBal)")).text, R"({"accountBal)");
  EXPECT_EQ(Meet(binary).kind, Kind::kBinary);
  EXPECT_EQ(Meet(no_frame).kind, Kind::kBroken);
  EXPECT_EQ(Meet(large).text.size(), 2U << 20);
}

TEST_F(SocketFaultsTest, PendingFaultMeetsAsManySocketsAsItCounts) {
  SocketFault fault = CloseFault(1011);
  fault.count = 2;
  sandbox_->Push(kPm, fault);
  for (int i = 0; i < 2; ++i) {
    WebSocketClient client(sandbox_->port(kPm));
    ASSERT_EQ(Open(client), 101);
    EXPECT_EQ(client.Next().code, 1011);
  }
  WebSocketClient spared(sandbox_->port(kPm));

  Subscribe(spared);
}

TEST_F(SocketFaultsTest, FaultOfAnotherKeyOrPathWaits) {
  SocketFault other_key = CloseFault(1011);
  other_key.key = "somebody";
  SocketFault other_path = CloseFault(1011);
  other_path.path = "/v1/ws/markets";
  sandbox_->Push(kPm, other_key);
  sandbox_->Push(kPm, other_path);
  WebSocketClient client(sandbox_->port(kPm));

  Subscribe(client);

  EXPECT_EQ(sandbox_->Act(kPm, other_key), 0);
}

TEST_F(SocketFaultsTest, DelayedFaultComesLater) {
  SocketFault fault = CloseFault(1000);
  fault.delay = milliseconds(20);
  sandbox_->Push(kPm, fault);
  const auto start = std::chrono::steady_clock::now();
  WebSocketClient client(sandbox_->port(kPm));
  Subscribe(client);

  EXPECT_EQ(client.Next().code, 1000);
  EXPECT_GE(std::chrono::steady_clock::now() - start, fault.delay);
}

TEST_F(SocketFaultsTest, UnpluggingBreaksOpenSockets) {
  WebSocketClient client(sandbox_->port(kPm));
  Subscribe(client);

  sandbox_->Unplug(kPm);

  EXPECT_EQ(client.Next().kind, Kind::kBroken);
  Await([](const SocketCounters& sockets) { return sockets.open == 0; });
}

TEST_F(SocketFaultsTest, StopsWithOpenAndFrozenSocketsAndDelayedFaults) {
  WebSocketClient open(sandbox_->port(kPm));
  Subscribe(open);
  SocketFault later = CloseFault(1000);
  later.delay = std::chrono::hours(1);
  sandbox_->Act(kPm, later);
  sandbox_->Push(kPm, FaultOf(SocketFaultKind::kFreeze));
  WebSocketClient frozen(sandbox_->port(kPm));
  ASSERT_EQ(Open(frozen), 101);

  sandbox_.reset();

  EXPECT_EQ(open.Next().kind, Kind::kBroken);
}

TEST_F(SocketFaultsTest, TokenOfAPolySimulatorSocketAppearsInNoCounter) {
  SocketClient http(sandbox_->port(kPs));
  const Exchange issued = http.Send("POST", "/v1/keys/ws-token", "{}",
                                    {{"X-API-Key", sandbox_->polysim_key().api_key}});
  const std::string token = nlohmann::json::parse(issued.body).at("token");
  WebSocketClient client(sandbox_->port(kPs));

  ASSERT_EQ(client.Open("/v1/ws/executions?token=" + token), 101);
  EXPECT_THAT(client.Text(), HasSubstr("connected"));
  const std::string id = sandbox_->PlaceOrder("3.00").value();
  ASSERT_TRUE(sandbox_->FillOrder(id));
  EXPECT_THAT(client.Text(), HasSubstr(R"("type":"fill")"));

  EXPECT_THAT(sandbox_->SocketTokens(), testing::ElementsAre(token));
  EXPECT_EQ(sandbox_->Counters(kPs).last_requests.back().query, "token=...");
  SocketClient control(sandbox_->control_port());
  EXPECT_THAT(control.Get("/v1/polysimulator/counters").body, testing::Not(HasSubstr(token)));
}

}  // namespace
}  // namespace balance::sandbox
