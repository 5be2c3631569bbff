#include "service/server/push_feeds.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sodium.h>

#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "clients/polymarket_us/venue.h"
#include "service/server/upstream_guards.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_socket.h"
#include "tests/support/fake_source.h"
#include "tests/support/fake_transport.h"
#include "tests/support/null_observer.h"

namespace balance {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr const char* kReady = R"({"requestId":"balances","accountBalancesSnapshot":{}})";
constexpr const char* kChange = R"({"requestId":"balances","accountBalancesUpdate":{}})";

class DeafSink final : public AccountSink {
 public:
  std::int64_t OnAccountChange(const std::vector<SourceStatus>& sources) override {
    latest = sources;
    return 1;
  }

  std::vector<SourceStatus> latest;
};

class RecordingMonitor final : public PushMonitor {
 public:
  void OnPushUp(const PushStatus& before) override { up.push_back(before.source->account); }
  void OnHint(const SourceInfo& source, HintResult result) override {
    hints.emplace_back(source.account, result);
  }

  std::vector<std::string> up;
  std::vector<std::pair<std::string, HintResult>> hints;
};

// An account with one source.
struct Desk {
  Desk(const std::string& id, boost::asio::io_context& loop, Clock& clock, AnswerSchedule& schedule,
       RefreshObserver& observer)
      : upstream(clock) {
    auto shared = std::make_shared<SourceInfo>();
    shared->account = id;
    shared->source = "pm";
    shared->cache = {seconds(60), seconds(5), seconds(60), milliseconds(1)};
    shared->push = {true, seconds(60)};
    info = shared;
    std::vector<AccountFeed::SourceSpec> specs;
    specs.push_back({{info, seconds(5)}, upstream.MakeSource()});
    feed = std::make_unique<AccountFeed>(loop.get_executor(), clock, schedule, observer, sink,
                                         std::move(specs));
  }

  FakeUpstream upstream;
  DeafSink sink;
  std::shared_ptr<const SourceInfo> info;
  std::unique_ptr<AccountFeed> feed;
};

class PushFeedsTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_GE(sodium_init(), 0); }

  ~PushFeedsTest() override {
    push_.Stop();
    for (Desk* desk : {&one_, &two_}) desk->feed->Stop();
    Run();
  }

  void Run() {
    loop_.restart();
    loop_.poll();
  }

  void Advance(Duration by) {
    for (const SteadyTime end = clock_.SteadyNow() + by; clock_.SteadyNow() < end;) {
      Run();
      clock_.Advance(milliseconds(100));
    }
    Run();
  }

  SourceConfig Config(char seed) const {
    SourceConfig config;
    config.info.push = {true, seconds(60)};
    config.venue = &polymarket_us::TheVenue();
    config.login = {{.host = "localhost", .path_prefix = ""},
                    std::string("key-") + seed,
                    std::make_shared<const Secret>(std::string(32, seed))};
    return config;
  }

  PushFeeds::Ticket Join(Desk& desk, char seed) {
    const SourceConfig config = Config(seed);
    return push_.Join(config, guards_.Of(config), nullptr, {desk.feed.get(), 0, desk.info});
  }

  FakeSocketPeer& peer(std::size_t i = 0) { return *connector_.peers.at(i); }
  void Hear(const std::string& message, std::size_t socket = 0) {
    peer(socket).Say(message);
    Run();
  }

  // Somebody reads the desk, and its upstream answers.
  void Read(Desk& desk) {
    desk.feed->Read({{.max_age = Duration::zero()}, {true}}, [](AccountAnswer) {});
    Run();
    desk.upstream.AnswerWith("1.00");
    Run();
  }

  static const SourceStatus& StatusOf(const Desk& desk) { return desk.sink.latest.front(); }

  boost::asio::io_context loop_;
  FakeClock clock_;
  LoopHeartbeat heartbeat_{loop_.get_executor(), clock_};
  AnswerSchedule schedule_{loop_.get_executor(), clock_, heartbeat_};
  NullObserver observer_;
  FakeTransport transport_;
  FakeConnector connector_{loop_};
  RecordingMonitor monitor_;
  UpstreamGuards guards_{loop_.get_executor(), clock_, ConnectionLimits(), 1};
  Desk one_{"one", loop_, clock_, schedule_, observer_};
  Desk two_{"two", loop_, clock_, schedule_, observer_};
  PushFeeds push_{{loop_.get_executor(), clock_, transport_, connector_, monitor_,
                   ConnectionLimits(), PushFeed::Options(), 1}};
};

TEST_F(PushFeedsTest, M178_OneSocketOfALoginReachesAllWhoListen) {
  Join(one_, 's');
  Join(two_, 's');
  Advance(seconds(1));
  ASSERT_EQ(connector_.peers.size(), 1u);
  EXPECT_EQ(StatusOf(two_).feed(), FeedState::kPushDown);

  Hear(kReady);
  EXPECT_EQ(StatusOf(one_).feed(), FeedState::kPush);
  EXPECT_EQ(StatusOf(two_).feed(), FeedState::kPush);
  EXPECT_THAT(monitor_.up, ElementsAre("one"));
  monitor_.hints.clear();
  two_.feed->Watch({{true}, std::nullopt});
  Run();
  two_.upstream.AnswerWith("1.00");
  Run();
  clock_.Advance(seconds(1));
  Hear(kChange);

  EXPECT_THAT(monitor_.hints, ElementsAre(std::pair("one", HintResult::kUnwanted),
                                          std::pair("two", HintResult::kStarted)));
  two_.feed->Unwatch({{true}, std::nullopt});
}

TEST_F(PushFeedsTest, M178_LoginsHaveSocketsOfTheirOwn) {
  Join(one_, 's');
  Join(two_, 't');
  Advance(seconds(1));
  ASSERT_EQ(connector_.peers.size(), 2u);
  Hear(kReady, 0);

  peer(0).End(1011);
  Run();
  Hear(kReady, 1);

  EXPECT_NE(StatusOf(one_).feed(), StatusOf(two_).feed());
}

TEST_F(PushFeedsTest, M177_WhoComesLaterHearsWhatItHasMissed) {
  Read(two_);
  Join(one_, 's');
  Advance(seconds(1));
  Hear(kReady);
  monitor_.hints.clear();

  Join(two_, 's');
  Run();

  EXPECT_EQ(connector_.peers.size(), 1u);
  EXPECT_EQ(StatusOf(two_).feed(), FeedState::kPush);
  EXPECT_TRUE(StatusOf(two_).IsOutdated()) << "it was read before the socket was there";
  EXPECT_THAT(monitor_.hints, ElementsAre(std::pair("two", HintResult::kUnwanted)));

  // What was read since needs no more.
  clock_.Advance(seconds(1));
  Read(one_);
  monitor_.hints.clear();
  const auto ticket = Join(one_, 's');
  EXPECT_THAT(monitor_.hints, IsEmpty());
  push_.Leave(ticket);
}

TEST_F(PushFeedsTest, M177_TheLastListenerEndsTheSocket) {
  const auto first = Join(one_, 's');
  const auto second = Join(two_, 's');
  Advance(seconds(1));
  Hear(kReady);

  push_.Leave(first);
  Run();
  EXPECT_FALSE(peer().is_over());
  EXPECT_TRUE(push_.QuietSince(Config('s')));
  push_.Leave(second);
  Run();

  EXPECT_TRUE(peer().was_left());
  EXPECT_FALSE(push_.QuietSince(Config('s')));
  monitor_.hints.clear();
  push_.Leave(second);
  EXPECT_THAT(monitor_.hints, IsEmpty());
}

TEST_F(PushFeedsTest, M174_AnEndIsToldAtOnceAndTheNextSocketIsAHint) {
  Join(one_, 's');
  Advance(seconds(1));
  Hear(kReady);
  peer().End(1001);
  Run();
  EXPECT_EQ(StatusOf(one_).feed(), FeedState::kPushDown);
  EXPECT_FALSE(push_.QuietSince(Config('s')));
  monitor_.hints.clear();

  Advance(seconds(3));
  ASSERT_EQ(connector_.peers.size(), 2u);
  Hear(kReady, 1);

  EXPECT_EQ(StatusOf(one_).feed(), FeedState::kPush);
  EXPECT_THAT(monitor_.hints, ElementsAre(std::pair("one", HintResult::kUnwanted)));
}

TEST_F(PushFeedsTest, SettingsOfAReloadHoldFromTheNextConnectionOn) {
  const auto join_with = [this](Duration attempt_timeout) {
    SourceConfig config = Config('s');
    config.upstream.attempt_timeout = attempt_timeout;
    return push_.Join(config, guards_.Of(config), nullptr, {one_.feed.get(), 0, one_.info});
  };
  const auto before = join_with(seconds(3));
  Advance(seconds(1));
  Hear(kReady);

  const auto after = join_with(seconds(10));
  push_.Leave(before);
  EXPECT_FALSE(peer().is_over());
  EXPECT_EQ(connector_.requests.back().timeout, seconds(3));
  peer().End(1001);
  Advance(seconds(3));

  EXPECT_EQ(connector_.requests.back().timeout, seconds(10));
  push_.Leave(after);
}

TEST_F(PushFeedsTest, M180_StopLeavesAllSockets) {
  Join(one_, 's');
  Join(two_, 't');
  Advance(seconds(1));
  ASSERT_EQ(connector_.peers.size(), 2u);

  push_.Stop();
  Run();

  EXPECT_TRUE(peer(0).was_left());
  EXPECT_TRUE(peer(1).was_left());
}

}  // namespace
}  // namespace balance
