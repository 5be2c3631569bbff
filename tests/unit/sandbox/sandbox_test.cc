#include "tests/sandbox/sandbox.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "tests/unit/sandbox/names.h"
#include "tests/unit/sandbox/signing.h"
#include "tests/unit/sandbox/socket_client.h"

namespace balance::sandbox {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;

class SandboxTest : public testing::Test {
 protected:
  void SetUp() override {
    auto started = Sandbox::Start();
    ASSERT_TRUE(started) << started.error().message;
    sandbox_ = std::move(*started);
  }

  std::vector<Header> Sign(WallTime at = std::chrono::system_clock::now()) {
    return SignedHeaders(sandbox_->polymarket_key(), UnixMilliseconds(at), "GET",
                         kPolymarketBalances);
  }

  Header PolysimLogin() { return {"X-API-Key", sandbox_->polysim_key().api_key}; }

  Exchange AskPolymarket() {
    SocketClient client(sandbox_->port(kPm));
    return client.Get(kPolymarketBalances, Sign());
  }

  // What a request meets for whom `fault` waits.
  Exchange Meet(Fault fault, int patience = 10'000) {
    sandbox_->Push(kPm, std::move(fault));
    SocketClient client(sandbox_->port(kPm));
    client.SetPatience(patience);
    return client.Get(kPolymarketBalances, Sign());
  }

  Exchange MeetNamed(const std::string& name) { return Meet(CatalogueFault(name).value()); }

  std::unique_ptr<Sandbox> sandbox_;
};

TEST_F(SandboxTest, ServesBothSides) {
  SocketClient polymarket(sandbox_->port(kPm));
  SocketClient polysimulator(sandbox_->port(kPs));

  const Exchange balances = polymarket.Get(std::string(kPolymarketBalances) + "?ignored=1", Sign());
  const Exchange balance = polysimulator.Get(kPolysimBalance, {PolysimLogin()});

  EXPECT_EQ(balances.status, 200);
  EXPECT_THAT(balances.body, HasSubstr("\"currentBalance\":1482.3175"));
  EXPECT_EQ(balance.status, 200);
  EXPECT_THAT(balance.body, HasSubstr("\"balance\":\"8612.45\""));
}

TEST_F(SandboxTest, KeepsConnectionsAlive) {
  SocketClient client(sandbox_->port(kPs));

  for (int i = 0; i < 3; ++i) ASSERT_EQ(client.Get(kPolysimBalance, {PolysimLogin()}).status, 200);

  const SideCounters counters = sandbox_->Counters(kPs);
  EXPECT_EQ(counters.connections, 1U);
  EXPECT_EQ(counters.total.requests, 3U);
  EXPECT_EQ(counters.total.by_status.at(200), 3U);
}

TEST_F(SandboxTest, ClosesWhenAskedTo) {
  SocketClient client(sandbox_->port(kPs));

  EXPECT_EQ(client.Get("/v1/health", {{"Connection", "close"}}).status, 200);
  EXPECT_NE(client.Get("/v1/health").ending, Ending::kComplete);
}

TEST_F(SandboxTest, MalformedRequestIsRefused) {
  SocketClient client(sandbox_->port(kPm));

  EXPECT_EQ(client.Get("/with a space").status, 400);
}

TEST_F(SandboxTest, CountsASignatureThatCameTwice) {
  const auto headers = Sign();
  SocketClient client(sandbox_->port(kPm));

  ASSERT_EQ(client.Get(kPolymarketBalances, headers).status, 200);
  ASSERT_EQ(client.Get(kPolymarketBalances, headers).status, 200);

  EXPECT_EQ(sandbox_->Counters(kPm).total.reused_signatures, 1U);
}

TEST_F(SandboxTest, JudgesTheLoginEvenWhereAFaultAnswers) {
  ASSERT_TRUE(sandbox_->PushNamed(kPm, "pm_500_empty", 2));
  SocketClient client(sandbox_->port(kPm));

  client.Get(kPolymarketBalances, Sign());
  client.Get(kPolymarketBalances);

  const SideCounters counters = sandbox_->Counters(kPm);
  EXPECT_EQ(counters.auth_failures, 1U);
  EXPECT_EQ(counters.total.by_status.at(500), 2U);
  EXPECT_TRUE(counters.last_requests.at(0).authenticated);
  EXPECT_FALSE(counters.last_requests.at(1).authenticated);
}

TEST_F(SandboxTest, RepliesAsScripted) {
  const Exchange answer = MeetNamed("pm_429_json");

  EXPECT_EQ(answer.status, 429);
  EXPECT_EQ(answer.body, R"({"status":429,"message":"Too Many Requests"})");
  EXPECT_THAT(answer.head, Not(HasSubstr("Retry-After")));
  EXPECT_EQ(AskPolymarket().status, 200);
}

TEST_F(SandboxTest, FillsInADateToCome) {
  const Exchange answer = MeetNamed("pm_429_retry_date");

  EXPECT_THAT(answer.head, testing::ContainsRegex("Retry-After: [A-Z][a-z]+, .* GMT"));
}

TEST_F(SandboxTest, EmptyAnswerIsEmpty) {
  const Exchange answer = MeetNamed("200_empty");

  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "");
  EXPECT_THAT(answer.head, HasSubstr("Content-Length: 0"));
}

TEST_F(SandboxTest, TruncatedAnswerEndsEarly) {
  const Exchange answer = MeetNamed("truncated");

  EXPECT_EQ(answer.ending, Ending::kClosed);
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(answer.body, HasSubstr("currentBalance"));
}

TEST_F(SandboxTest, CutChunksHaveNoEnd) {
  const Exchange answer = MeetNamed("cut_chunked");

  EXPECT_EQ(answer.ending, Ending::kClosed);
  EXPECT_THAT(answer.head, HasSubstr("Transfer-Encoding: chunked"));
  EXPECT_THAT(answer.body, Not(HasSubstr("\r\n0\r\n")));
}

TEST_F(SandboxTest, ConnectionsAreResetOrClosedWithoutAnAnswer) {
  EXPECT_EQ(MeetNamed("reset").ending, Ending::kReset);
  EXPECT_EQ(MeetNamed("close").ending, Ending::kClosed);
  EXPECT_EQ(sandbox_->Counters(kPm).total.by_status.at(0), 2U);
}

TEST_F(SandboxTest, GarbageIsNotHttp) {
  const Exchange answer = MeetNamed("garbage");

  EXPECT_EQ(answer.status, 0);
  EXPECT_EQ(answer.ending, Ending::kClosed);
}

TEST_F(SandboxTest, HangingRequestGetsNothing) {
  Fault fault;
  fault.kind = FaultKind::kHang;

  EXPECT_EQ(Meet(fault, 50).ending, Ending::kSilence);
}

TEST_F(SandboxTest, StalledBodyStopsAfterTheHeaders) {
  Fault fault;
  fault.kind = FaultKind::kStallBody;

  const Exchange answer = Meet(fault, 500);

  EXPECT_EQ(answer.ending, Ending::kSilence);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "");
}

TEST_F(SandboxTest, AnUnaskedAnswerLiesReadyBeforeTheNextRequest) {
  Fault fault;
  fault.kind = FaultKind::kUnasked;
  fault.status = 200;
  fault.body = "nobody asked";
  fault.drip = milliseconds(1);
  sandbox_->Push(kPm, fault);
  SocketClient client(sandbox_->port(kPm));

  const Exchange asked = client.Get(kPolymarketBalances, Sign());
  while (sandbox_->Counters(kPm).last_unasked.empty()) std::this_thread::yield();
  const Exchange unasked = client.Get(kPolymarketBalances, Sign());

  EXPECT_THAT(asked.body, HasSubstr("currentBalance"));
  EXPECT_EQ(unasked.body, "nobody asked");
  const SideCounters counters = sandbox_->Counters(kPm);
  EXPECT_THAT(counters.last_unasked.at(0).text, testing::EndsWith("\r\n\r\nnobody asked"));
  EXPECT_EQ(counters.total.by_status.count(0), 0U);
}

TEST_F(SandboxTest, UndescribedTheUnaskedAnswerIsTheTrueOneAgain) {
  sandbox_->PushNamed(kPm, "unasked");
  SocketClient client(sandbox_->port(kPm));

  const Exchange asked = client.Get(kPolymarketBalances, Sign());
  // Without a login, so it would be refused.
  const Exchange unasked = client.Get(kPolymarketBalances);

  EXPECT_EQ(unasked.status, 200);
  EXPECT_EQ(unasked.body, asked.body);
}

TEST_F(SandboxTest, SlowBodyArrivesWhole) {
  Fault fault;
  fault.kind = FaultKind::kSlowBody;
  fault.status = 200;
  fault.body = "slow";
  fault.drip = milliseconds(5);
  const auto start = std::chrono::steady_clock::now();

  const Exchange answer = Meet(fault);

  EXPECT_EQ(answer.body, "slow");
  EXPECT_GE(std::chrono::steady_clock::now() - start, milliseconds(20));
}

TEST_F(SandboxTest, LatencyIsAddedToAnswers) {
  sandbox_->SetLatency(kPm, milliseconds(30));
  const auto start = std::chrono::steady_clock::now();

  EXPECT_EQ(AskPolymarket().status, 200);
  EXPECT_GE(std::chrono::steady_clock::now() - start, milliseconds(30));
}

TEST_F(SandboxTest, ResetsReusedConnectionsOnly) {
  ASSERT_TRUE(sandbox_->PushNamed(kPm, "reset_reused"));
  SocketClient client(sandbox_->port(kPm));

  EXPECT_EQ(client.Get(kPolymarketBalances, Sign()).status, 200);
  EXPECT_EQ(client.Get(kPolymarketBalances, Sign()).ending, Ending::kReset);
  EXPECT_EQ(AskPolymarket().status, 200);
}

TEST_F(SandboxTest, UnknownFaultNameIsRefused) {
  EXPECT_FALSE(sandbox_->PushNamed(kPm, "pm_nothing"));
  EXPECT_EQ(sandbox_->PendingFaults(kPm), 0U);
}

TEST_F(SandboxTest, UnpluggedSideRefusesAndItsConnectionsDie) {
  const std::uint16_t port = sandbox_->port(kPm);
  SocketClient client(port);
  ASSERT_EQ(client.Get(kPolymarketBalances, Sign()).status, 200);

  sandbox_->Unplug(kPm);
  sandbox_->Unplug(kPm);

  EXPECT_FALSE(SocketClient::CanConnect(port));
  EXPECT_NE(client.Get(kPolymarketBalances, Sign()).ending, Ending::kComplete);
  EXPECT_TRUE(SocketClient::CanConnect(sandbox_->port(kPs)));
}

TEST_F(SandboxTest, PluggedInAgainItServesOnTheSamePort) {
  const std::uint16_t port = sandbox_->port(kPm);
  for (int i = 0; i < 3; ++i) {
    sandbox_->Unplug(kPm);
    ASSERT_TRUE(sandbox_->Plug(kPm));
  }

  EXPECT_EQ(sandbox_->port(kPm), port);
  EXPECT_EQ(AskPolymarket().status, 200);
  EXPECT_TRUE(sandbox_->Plug(kPm));
}

TEST_F(SandboxTest, UnpluggingEndsHangingAndDelayedRequests) {
  Fault hang;
  hang.kind = FaultKind::kHang;
  Fault delayed;
  delayed.kind = FaultKind::kPass;
  delayed.delay = std::chrono::hours(1);
  for (const Fault& fault : {hang, delayed}) {
    sandbox_->Push(kPm, fault);
    SocketClient client(sandbox_->port(kPm));
    Exchange answer;
    std::thread asking([&] { answer = client.Get(kPolymarketBalances, Sign()); });
    while (sandbox_->Counters(kPm).in_flight == 0) std::this_thread::yield();

    sandbox_->Unplug(kPm);
    asking.join();

    EXPECT_EQ(answer.ending, Ending::kReset);
    ASSERT_TRUE(sandbox_->Plug(kPm));
    while (sandbox_->Counters(kPm).in_flight > 0) std::this_thread::yield();
  }
}

TEST_F(SandboxTest, StopsWhileRequestsHang) {
  Fault fault;
  fault.kind = FaultKind::kPass;
  fault.delay = std::chrono::hours(1);
  sandbox_->Push(kPm, fault);
  SocketClient client(sandbox_->port(kPm));
  std::thread asking([&] { client.Get(kPolymarketBalances, {}); });
  while (sandbox_->Counters(kPm).in_flight == 0) std::this_thread::yield();

  sandbox_.reset();

  asking.join();
}

TEST_F(SandboxTest, ClockOffsetMovesDateAndWindow) {
  sandbox_->SetClockOffset(kPm, std::chrono::hours(-24 * 365 * 20));

  const Exchange refused = AskPolymarket();
  SocketClient client(sandbox_->port(kPm));
  const Exchange accepted =
      client.Get(kPolymarketBalances,
                 Sign(std::chrono::system_clock::now() - std::chrono::hours(24 * 365 * 20)));

  EXPECT_EQ(refused.status, 401);
  EXPECT_THAT(refused.head, HasSubstr("Date: "));
  EXPECT_EQ(accepted.status, 200);
}

TEST_F(SandboxTest, ConcurrencyCapCountsRequestsUnderWay) {
  PolysimSwitches switches = sandbox_->polysim_switches();
  switches.concurrent_requests = 1;
  sandbox_->SetSwitches(switches);
  const std::string another_key = sandbox_->polysim_key().api_key + "0";
  ASSERT_TRUE(sandbox_->AddKey(PolysimKey{another_key, "main", KeyState::kActive}));
  Fault delayed;
  delayed.kind = FaultKind::kPass;
  delayed.delay = std::chrono::hours(1);
  sandbox_->Push(kPs, delayed);
  SocketClient slow(sandbox_->port(kPs));
  std::thread asking([&] { slow.Get(kPolysimBalance, {PolysimLogin()}); });
  while (sandbox_->Counters(kPs).in_flight == 0) std::this_thread::yield();

  SocketClient client(sandbox_->port(kPs));
  const Exchange refused = client.Get(kPolysimBalance, {PolysimLogin()});
  const Exchange of_another_key = client.Get(kPolysimBalance, {{"X-API-Key", another_key}});
  sandbox_->Unplug(kPs);
  asking.join();

  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(of_another_key.status, 200);
  EXPECT_THAT(refused.body, HasSubstr("RATE_LIMIT_EXCEEDED"));
}

TEST_F(SandboxTest, MovedMoneyIsReportedAndRemembered) {
  const std::string before = AskPolymarket().body;

  sandbox_->MoveMoney();

  const std::string after = AskPolymarket().body;
  const auto history = sandbox_->History(kPm);
  EXPECT_NE(after, before);
  ASSERT_EQ(history.size(), 2U);
  EXPECT_EQ(history.front().body, before);
  EXPECT_EQ(history.back().body, after);
}

TEST_F(SandboxTest, MoneyMovesByItselfUntilFrozen) {
  sandbox_->MoveMoneyEvery(milliseconds(1));
  while (sandbox_->History(kPs).size() < 3) std::this_thread::yield();

  sandbox_->MoveMoneyEvery(Duration::zero());

  const auto frozen = sandbox_->History(kPs);
  EXPECT_EQ(frozen.back().body, sandbox_->History(kPs).back().body);
}

TEST_F(SandboxTest, WalletsAreApart) {
  PolysimKey other = GeneratePolysimKey();
  other.wallet = "second";
  ASSERT_TRUE(sandbox_->AddKey(other));
  PolysimLedger ledger;
  ledger.balance = "1.00";
  ASSERT_TRUE(sandbox_->SetLedger(ledger, "second"));
  SocketClient client(sandbox_->port(kPs));

  EXPECT_THAT(client.Get(kPolysimBalance, {{"X-API-Key", other.api_key}}).body,
              HasSubstr(R"("balance":"1.00")"));
  EXPECT_THAT(client.Get(kPolysimBalance, {PolysimLogin()}).body,
              HasSubstr(R"("balance":"8612.45")"));
  EXPECT_EQ(sandbox_->Counters(kPs).by_key.at(other.api_key.substr(0, 16)).requests, 1U);
}

TEST_F(SandboxTest, BadAmountsAndKeysAreRefused) {
  PolymarketRow row;
  row.current_balance = "much";
  PolysimLedger ledger;
  ledger.balance = "1.";

  EXPECT_FALSE(sandbox_->SetLedger(PolymarketLedger{{row}}));
  EXPECT_FALSE(sandbox_->SetLedger(ledger));
  EXPECT_FALSE(sandbox_->AddKey(PolymarketKey{"id", "short", "main"}));
  EXPECT_FALSE(sandbox_->AddKey(PolysimKey{"not-a-key", "main", KeyState::kActive}));
}

TEST_F(SandboxTest, PortThatIsTakenIsAnError) {
  SandboxOptions options;
  options.polymarket_port = sandbox_->port(kPm);

  const auto second = Sandbox::Start(options);

  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().message, HasSubstr("cannot listen on 127.0.0.1:"));
}

TEST_F(SandboxTest, PortStaysTakenWhileUnplugged) {
  sandbox_->Unplug(kPm);
  SocketClient unaffected(sandbox_->control_port());

  EXPECT_EQ(unaffected.Get("/").status, 200);
  EXPECT_NE(Sandbox::Start().value()->port(kPm), sandbox_->port(kPm));
}

}  // namespace
}  // namespace balance::sandbox
