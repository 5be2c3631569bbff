// Rows of the fault matrix in tests/README.md: trouble with the venues' push sockets, as the whole
// service meets it.

#include <chrono>
#include <random>
#include <set>
#include <string>
#include <thread>

#include "tests/integration/service/push_fixture.h"

namespace balance {
namespace {

using sandbox::Side;
using sandbox::SocketFault;
using sandbox::SocketFaultKind;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;
using testing::AnyOf;
using testing::HasSubstr;

TEST_P(PushMatrixTest, M174_ASilentSocketIsReplacedAndMeanwhilePolledAtTheTtl) {
  PushFeed::Options options = Quick();
  options.longest_silence = milliseconds(1500);
  options.keep_alive = milliseconds(50);
  Start("{ttl: 0.2s, min_refresh_interval: 0.01s}", "{enabled: true, poll_interval: 60s}", options);
  const Watching watching(service_->stub());
  ASSERT_TRUE(Becomes([&] { return !CashOf(watching.Newest(index())).empty(); }));
  // Of the feed that is up nothing is asked.
  ASSERT_TRUE(
      Becomes([&] { return watching.Newest(index()).state() == v1::SourceBalance::FRESH; }));
  const std::uint64_t quiet = Reads();
  std::this_thread::sleep_for(seconds(1));
  // One follows what a hint has brought.
  EXPECT_LE(Reads(), quiet + 2);
  EXPECT_EQ(watching.Newest(index()).state(), v1::SourceBalance::FRESH);

  SocketFault silence;
  silence.kind = SocketFaultKind::kSilence;
  silence.count = 0;
  upstreams().Push(side(), silence);
  Act(SocketFaultKind::kSilence);

  ASSERT_TRUE(FeedBecomes(v1::Source::PUSH_DOWN));
  const std::string cash = MoveMoney();
  EXPECT_TRUE(Becomes([&] { return CashOf(watching.Newest(index())) == cash; }));
  const std::uint64_t down = Reads();
  EXPECT_TRUE(Becomes([&] { return Reads() >= down + 5; })) << "polled at its TTL";
  EXPECT_TRUE(Becomes([&] { return Counters().sockets.opened >= 3; }));
  EXPECT_GE(Metric("balance_push_reconnects_total", "reason=\"SILENT\""), 1);
  int status = 0;
  EXPECT_THAT(service_->AdminPage("/metrics", status),
              HasSubstr(std::string("balance_sources_by_feed{feed=\"PUSH_DOWN\",kind=\"") +
                        GetParam().kind + "\"} 1"));
  upstreams().ClearSocketFaults(side());
  EXPECT_TRUE(FeedBecomes(v1::Source::PUSH));
  EXPECT_THAT(Log(), HasSubstr("push is down"));
  EXPECT_THAT(Log(), HasSubstr("push is up again after"));
}

TEST_P(PushMatrixTest, M174_WhatHappenedWithoutASocketIsReadWhenItIsBack) {
  Start();
  const Watching watching(service_->stub());
  ASSERT_TRUE(Becomes([&] { return !CashOf(watching.Newest(index())).empty(); }));
  Refuse(GetParam().socket_path, 503);
  Act(SocketFaultKind::kDrop);
  ASSERT_TRUE(FeedBecomes(v1::Source::PUSH_DOWN));
  const std::string cash = MoveMoney();
  std::this_thread::sleep_for(milliseconds(100));
  ASSERT_NE(CashOf(watching.Newest(index())), cash) << "its TTL is a minute";

  upstreams().ClearFaults(side());

  EXPECT_TRUE(Becomes([&] { return CashOf(watching.Newest(index())) == cash; }));
  EXPECT_EQ(watching.Newest(index()).freshness().origin(), v1::Freshness::PUSH_HINT);
  EXPECT_EQ(FeedOf(source()), v1::Source::PUSH);
}

TEST_P(PushMatrixTest, M175_EveryEndIsFollowedByASocketWithAFreshCredential) {
  Start();
  const Watching watching(service_->stub());
  ASSERT_TRUE(watching.IsSynced());
  upstreams().ResetCounters(side());
  std::vector<SocketFault> ends(8);
  for (std::size_t i = 0; const int code : {1000, 1001, 1008, 1011, 4001}) ends[i++].code = code;
  ends[5].kind = SocketFaultKind::kDrop;
  ends[6].kind = SocketFaultKind::kReset;
  ends[7].kind = SocketFaultKind::kRaw;
  ends[7].body = "this is no frame";
  std::uint64_t opened = 0;
  for (const SocketFault& end : ends) {
    // The one before has left by now.
    ASSERT_TRUE(Becomes([&] { return Counters().sockets.open == 1; }));
    ASSERT_EQ(upstreams().Act(side(), end), 1);
    ASSERT_TRUE(Becomes([&] { return Counters().sockets.opened > opened; }));
    opened = Counters().sockets.opened;
    ASSERT_TRUE(FeedBecomes(v1::Source::PUSH));
    const std::string cash = MoveMoney();
    EXPECT_TRUE(Becomes([&] { return CashOf(watching.Newest(index())) == cash; }));
  }

  const sandbox::SideCounters counters = Counters();
  EXPECT_EQ(opened, ends.size());
  EXPECT_EQ(counters.total.reused_signatures, 0u);
  EXPECT_EQ(counters.auth_failures, 0u);
  EXPECT_EQ(Metric("balance_push_reconnects_total", "reason=\"CLOSED\""), 5);
  EXPECT_EQ(Metric("balance_push_reconnects_total", "reason=\"BROKEN\""), 3);
}

TEST_P(PushMatrixTest, M175_BadMessagesAreHintsAndDoNoHarm) {
  Start();
  const Watching watching(service_->stub());
  ASSERT_TRUE(Becomes([&] { return !CashOf(watching.Newest(index())).empty(); }));
  for (const char* body : {"{", "[1,2", "\xff\xfe", "", "null", "\"heartbeat\"", "{}"}) {
    Act(SocketFaultKind::kBinary, [=](SocketFault& fault) { fault.body = body; });
  }
  Act(SocketFaultKind::kText, [](SocketFault& fault) {
    fault.body = "{}";
    fault.size = (1 << 20) + 1;
  });

  // What is too large ends the socket.
  ASSERT_TRUE(Becomes([&] { return Counters().sockets.opened >= 2; }));
  ASSERT_TRUE(FeedBecomes(v1::Source::PUSH));
  const std::string cash = MoveMoney();
  EXPECT_TRUE(Becomes([&] { return CashOf(watching.Newest(index())) == cash; }));
  EXPECT_GE(Metric("balance_push_reconnects_total", "reason=\"REFUSED\""), 1);
}

TEST_P(PushMatrixTest, M176_ASocketThatTheVenueForbidsLeavesReadsAlone) {
  Start();
  upstreams().ResetCounters(side());
  Refuse(GetParam().socket_path, 403);
  Act(SocketFaultKind::kDrop);
  ASSERT_TRUE(FeedBecomes(v1::Source::PUSH_DOWN));
  const auto refused = [this] { return Counters().by_path[GetParam().socket_path].by_status[403]; };
  ASSERT_TRUE(Becomes([&] { return refused() == 1; }));

  v1::SourceBalance balance;
  EXPECT_TRUE(service_->GetSource(source(), balance).ok());
  EXPECT_FALSE(service_->PathOf(source()).has_hold_off_until());
  std::this_thread::sleep_for(milliseconds(200));
  EXPECT_EQ(refused(), 1u);
}

TEST_P(PushMatrixTest, M176_RefusedUpgradesHoldTheCredentialOffAsRestDoes) {
  Start();
  for (const int status : {401, 429}) {
    upstreams().ResetCounters(side());
    Refuse(GetParam().socket_path, status, "30");
    Act(SocketFaultKind::kDrop);
    ASSERT_TRUE(FeedBecomes(v1::Source::PUSH_DOWN));
    ASSERT_TRUE(Becomes([&] {
      const v1::Source path = service_->PathOf(source());
      return status == 429 ? path.has_blocked_until() : path.has_hold_off_until();
    })) << status;
    v1::SourceBalance balance;
    const std::uint64_t reads = Reads();

    const std::string reason = ReasonOf(service_->GetSource(source(), balance));

    EXPECT_THAT(reason, AnyOf("SOURCE_CREDENTIALS_REJECTED", "SOURCE_RATE_LIMITED"));
    EXPECT_EQ(Reads(), reads) << "nothing is sent with that credential";
    std::this_thread::sleep_for(milliseconds(200));
    EXPECT_EQ(Counters().by_path.at(GetParam().socket_path).by_status.at(status), 1u);
    if (status == 429) break;
    // Another secret of the same wallet ends it.
    upstreams().ClearFaults(side());
    RotateSecret();
    ASSERT_TRUE(FeedBecomes(v1::Source::PUSH)) << status;
    // That ends the rotation: the one before is not asked any more.
    ASSERT_TRUE(service_->GetSource(source(), balance).ok());
  }
}

// Two accounts that read PolySimulator, with keys of their own or with one.
class TwoDesksTest : public testing::Test {
 protected:
  static constexpr Side kSide = Side::kPolysimulator;
  static constexpr const char* kDesk1 = "accounts/desk-1/sources/polysimulator";
  static constexpr const char* kDesk2 = "accounts/desk-2/sources/polysimulator";

  TwoDesksTest() : service_("{ttl: 60s, min_refresh_interval: 0.001s}", kUnlimited, Quick()) {
    service_.upstreams().LiftRequestLimits();
    service_.Edit("    polysimulator:\n", "    push: {enabled: true}\n    polysimulator:\n");
    service_.Edit("- id: desk-2\n  sources:\n  - id: polysimulator\n",
                  "- id: desk-2\n  sources:\n  - id: polysimulator\n    push: {enabled: true} #\n");
  }

  bool AreUp() {
    return Becomes([&] {
      return service_.PathOf(kDesk1).feed() == v1::Source::PUSH &&
             service_.PathOf(kDesk2).feed() == v1::Source::PUSH;
    });
  }

  void Fill() {
    const auto order = service_.upstreams().PlaceOrder("1.00");
    ASSERT_TRUE(order && service_.upstreams().FillOrder(*order));
  }
  std::string Cash() { return service_.upstreams().polysim_ledger().balance; }
  sandbox::SideCounters Counters() { return service_.upstreams().Counters(kSide); }

  RunningService service_;
};

TEST_F(TwoDesksTest, M178_AccountsThatShareALoginShareOneSocketAndEveryHint) {
  service_.Edit("other-api-key}", "api-key}");
  service_.Reload();
  ASSERT_TRUE(AreUp());
  const Watching one(service_.stub(), "desk-1");
  const Watching two(service_.stub(), "desk-2");
  ASSERT_TRUE(Becomes([&] { return !CashOf(two.Newest(0)).empty(); }));
  EXPECT_EQ(Counters().sockets.opened, 1u);

  Fill();
  EXPECT_TRUE(Becomes([&] { return CashOf(one.Newest(kPolySimulator)) == Cash(); }));
  EXPECT_TRUE(Becomes([&] { return CashOf(two.Newest(0)) == Cash(); }));
  EXPECT_EQ(one.Newest(kPolySimulator).freshness().origin(), v1::Freshness::PUSH_HINT);
  EXPECT_EQ(two.Newest(0).freshness().origin(), v1::Freshness::PUSH_HINT);

  // The first one leaves: the other keeps the socket.
  service_.Edit("    push: {enabled: true}\n", "");
  service_.Reload();
  Fill();
  EXPECT_TRUE(Becomes([&] { return CashOf(two.Newest(0)) == Cash(); }));
  EXPECT_EQ(Counters().sockets.opened, 1u);
  EXPECT_EQ(service_.PathOf(kDesk1).feed(), v1::Source::POLL);
  EXPECT_EQ(service_.PathOf(kDesk2).feed(), v1::Source::PUSH);

  // And so does one that comes back later: there is a socket already.
  service_.Edit("    polysimulator:\n", "    push: {enabled: true}\n    polysimulator:\n");
  service_.Reload();
  EXPECT_EQ(service_.PathOf(kDesk1).feed(), v1::Source::PUSH);
  EXPECT_EQ(Counters().sockets.opened, 1u);
}

TEST_F(TwoDesksTest, M176_TheSickSocketOfOneLoginLeavesAHealthyOneAlone) {
  const std::string sick = service_.upstreams().polysim_key().api_key.substr(0, 16);
  for (const char* path : {"/v1/keys/ws-token", "/v1/ws/executions"}) {
    sandbox::Fault refusal;
    refusal.status = 401;
    refusal.headers = {{"Content-Type", "application/json"}};
    refusal.body = R"({"error":"INVALID_KEY","message":"refused"})";
    refusal.path = path;
    refusal.key = sick;
    refusal.count = 0;
    service_.upstreams().Push(kSide, refusal);
  }
  service_.Reload();
  ASSERT_TRUE(Becomes([&] { return service_.PathOf(kDesk2).feed() == v1::Source::PUSH; }));
  ASSERT_TRUE(Becomes([&] { return service_.PathOf(kDesk1).has_hold_off_until(); }));
  const Watching healthy(service_.stub(), "desk-2");
  ASSERT_TRUE(Becomes([&] { return !CashOf(healthy.Newest(0)).empty(); }));

  EXPECT_EQ(service_.PathOf(kDesk1).feed(), v1::Source::PUSH_DOWN);
  EXPECT_FALSE(service_.PathOf(kDesk2).has_hold_off_until());
  EXPECT_FALSE(healthy.Newest(0).has_failure());
  const std::uint64_t asked = Counters().by_key[sick].requests;
  Fill();
  EXPECT_TRUE(Becomes([&] { return CashOf(healthy.Newest(0)) == Cash(); }));
  EXPECT_EQ(Counters().by_key[sick].requests, asked) << "it is left alone";
}

TEST_F(TwoDesksTest, M175_EachSocketHasATokenOfItsOwn) {
  service_.Reload();
  ASSERT_TRUE(AreUp());
  for (int i = 0; i < 5; ++i) {
    SocketFault expired;
    expired.code = 4001;
    ASSERT_TRUE(Becomes([&] { return Counters().sockets.open == 2; }));
    ASSERT_EQ(service_.upstreams().Act(kSide, expired), 2);
    const std::uint64_t sockets = 2 * static_cast<std::uint64_t>(i + 2);
    ASSERT_TRUE(Becomes([&] { return Counters().sockets.opened == sockets; }));
    ASSERT_TRUE(AreUp());
  }

  const auto tokens = service_.upstreams().SocketTokens();
  EXPECT_EQ(tokens.size(), 12u);
  EXPECT_EQ(std::set<std::string>(tokens.begin(), tokens.end()).size(), 12u);
  EXPECT_EQ(Counters().auth_failures, 0u);
}

// Everything at once, and again: whatever happened, the last figure is shown and the socket is
// back.
TEST_P(PushMatrixTest, M175_AnyMixOfTroubleEndsWithTheLastFigure) {
  Start("{ttl: 1s, min_refresh_interval: 0.01s}", "{enabled: true, poll_interval: 60s}", Quick(),
        "{attempt_timeout: 0.3s, refresh_budget: 0.5s, requests_per_second: 18, burst: 1}");
  const Watching watching(service_->stub());
  ASSERT_TRUE(watching.IsSynced());
  upstreams().ResetCounters(side());
  const unsigned seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const auto end = steady_clock::now() + seconds(4);
  while (steady_clock::now() < end) {
    SocketFault fault;
    fault.kind = static_cast<SocketFaultKind>(random() % 9);
    fault.frames = 50;
    fault.body = random() % 2 == 0 ? "{" : R"({"heartbeat":{}})";
    fault.count = 1 + static_cast<int>(random() % 2);
    switch (random() % 6) {
      case 0:
        upstreams().Push(side(), fault);
        break;
      case 1:
        if (random() % 2 == 0) {
          Refuse(GetParam().socket_path, random() % 2 == 0 ? 503 : 500);
        } else {
          upstreams().PushNamed(side(), "reset");
        }
        break;
      case 2:
        upstreams().ClearFaults(side());
        break;
      case 3:
        Push(random() % 2 == 0 ? kOn : "{enabled: true, poll_interval: 30s}");
        service_->Reload();
        break;
      case 4:
        MoveMoney();
        break;
      default:
        upstreams().Act(side(), fault);
        break;
    }
    std::this_thread::sleep_for(milliseconds(random() % 60));
  }
  upstreams().ClearFaults(side());
  upstreams().ClearSocketFaults(side());
  SocketFault drop;
  drop.kind = SocketFaultKind::kDrop;
  upstreams().Act(side(), drop);

  EXPECT_TRUE(FeedBecomes(v1::Source::PUSH)) << Log();
  const std::string cash = MoveMoney();
  EXPECT_TRUE(Becomes([&] { return CashOf(watching.Newest(index())) == cash; })) << Log();
  EXPECT_TRUE(Becomes([&] { return Counters().sockets.open == 1; }))
      << Counters().sockets.open << " are open" << Log();
  EXPECT_LE(Counters().total.max_in_a_second, 20);
}

}  // namespace
}  // namespace balance
