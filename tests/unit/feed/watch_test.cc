#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <memory>
#include <vector>

#include "service/feed/account_feed.h"
#include "service/feed/watch_pace.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_source.h"
#include "tests/support/null_observer.h"

namespace balance {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr CacheSettings kWatchedCache{seconds(2), seconds(5), seconds(60), milliseconds(500)};

TEST(WatchPaceTest, TheMostDemandingWatcherSetsThePace) {
  WatchPace pace;
  pace.Add(std::nullopt);
  EXPECT_EQ(pace.Get(kWatchedCache.ttl, kWatchedCache.min_refresh_interval), seconds(2));
  pace.Add(seconds(10));
  EXPECT_EQ(pace.Get(kWatchedCache.ttl, kWatchedCache.min_refresh_interval), seconds(2));
  pace.Add(seconds(1));
  EXPECT_EQ(pace.Get(kWatchedCache.ttl, kWatchedCache.min_refresh_interval), seconds(1));

  pace.Remove(seconds(1));
  pace.Remove(std::nullopt);

  EXPECT_EQ(pace.Get(kWatchedCache.ttl, kWatchedCache.min_refresh_interval), seconds(10));
}

TEST(WatchPaceTest, NoPaceIsFasterThanTheMinimumRefreshInterval) {
  WatchPace pace;
  pace.Add(Duration::zero());

  EXPECT_EQ(pace.Get(kWatchedCache.ttl, kWatchedCache.min_refresh_interval), milliseconds(500));
}

TEST(WatchPaceTest, ARefreshBeginsSoEarlyThatTheNextReadingIsThereInTime) {
  EXPECT_EQ(WatchLead(seconds(2), Duration::zero()), milliseconds(100));
  EXPECT_EQ(WatchLead(seconds(60), Duration::zero()), milliseconds(500));
  EXPECT_EQ(WatchLead(seconds(2), milliseconds(300)), milliseconds(600));
  EXPECT_EQ(WatchLead(seconds(2), seconds(5)), seconds(1));
}

// Notes each state that the first source is published in.
class StatesSink final : public AccountSink {
 public:
  explicit StatesSink(const Clock& clock) : clock_(clock) {}

  std::int64_t OnAccountChange(const std::vector<SourceStatus>& sources) override {
    const Now now = clock_.Time();
    states.push_back(Show(sources[0], {.only_if_cached = true}, Waited::kNot, now, now).state);
    return static_cast<std::int64_t>(states.size());
  }

  std::vector<SourceState> states;

 private:
  const Clock& clock_;
};

// Two sources, "real" and "paper".
class WatchTest : public testing::Test {
 protected:
  WatchTest() {
    std::vector<AccountFeed::SourceSpec> specs;
    specs.push_back(Spec("real", real_));
    specs.push_back(Spec("paper", paper_));
    account_ = std::make_unique<AccountFeed>(loop_.get_executor(), clock_, schedule_, observer_,
                                             sink_, std::move(specs));
  }
  ~WatchTest() override {
    account_->Stop();
    Run();
  }

  static AccountFeed::SourceSpec Spec(const std::string& id, FakeUpstream& upstream) {
    auto info = std::make_shared<SourceInfo>();
    info->account = "desk-1";
    info->source = id;
    info->cache = kWatchedCache;
    return {{info, seconds(5)}, upstream.MakeSource()};
  }

  void Run() {
    loop_.restart();
    loop_.poll();
  }

  // Lets time pass in steps of 10 ms; both upstreams answer after `took`.
  void Pass(Duration time, Duration took = milliseconds(20)) {
    const SteadyTime end = clock_.SteadyNow() + time;
    Run();
    while (clock_.SteadyNow() < end) {
      clock_.Advance(milliseconds(10));
      Run();
      for (FakeUpstream* upstream : {&real_, &paper_}) {
        if (upstream->IsWaiting() && clock_.SteadyNow() >= upstream->oldest_sent() + took) {
          upstream->AnswerWith("10.00");
          Run();
        }
      }
    }
  }

  FakeClock clock_;
  boost::asio::io_context loop_;
  NullObserver observer_;
  StatesSink sink_{clock_};
  LoopHeartbeat heartbeat_{loop_.get_executor(), clock_};
  AnswerSchedule schedule_{loop_.get_executor(), clock_, heartbeat_};
  FakeUpstream real_{clock_};
  FakeUpstream paper_{clock_};
  std::unique_ptr<AccountFeed> account_;
  const WatchTerms kBoth{{true, true}, std::nullopt};
};

TEST_F(WatchTest, AWatchedSourceIsReadWithoutAnyCallerAndNeverFlickersStale) {
  account_->Watch(kBoth);
  Pass(seconds(20));

  EXPECT_GE(real_.requests(), 10);
  // At most 1.2 of one a TTL.
  EXPECT_LE(real_.requests(), 12);
  EXPECT_EQ(std::count(sink_.states.begin(), sink_.states.end(), SourceState::kStale), 0);
}

TEST_F(WatchTest, M45_ManyWatchersCostWhatOneCosts) {
  for (int i = 0; i < 1000; ++i) account_->Watch(kBoth);
  Pass(seconds(20));

  EXPECT_LE(real_.requests(), 12);
  EXPECT_LE(paper_.requests(), 12);
}

TEST_F(WatchTest, M45_TheLastWatcherGoneNothingIsRead) {
  account_->Watch(kBoth);
  account_->Watch(kBoth);
  Pass(seconds(5));
  account_->Unwatch(kBoth);
  const int requests = real_.requests();
  Pass(seconds(5));
  EXPECT_GT(real_.requests(), requests);

  account_->Unwatch(kBoth);
  const int last = real_.requests();
  Pass(seconds(20));

  EXPECT_EQ(real_.requests(), last);
  EXPECT_EQ(sink_.states.back(), SourceState::kStale);
}

TEST_F(WatchTest, AWatcherWhoLeavesTakesARefreshThatIsNotSentAlong) {
  account_->Watch(kBoth);
  account_->Unwatch(kBoth);
  Run();

  EXPECT_EQ(real_.requests(), 0);
}

TEST_F(WatchTest, ASourceThatNobodyWatchesIsNotRead) {
  account_->Watch({{true, false}, std::nullopt});
  Pass(seconds(10));

  EXPECT_GT(real_.requests(), 0);
  EXPECT_EQ(paper_.requests(), 0);
}

TEST_F(WatchTest, AFasterPaceIsKeptAndASlowerOneLeavesTheSourceStaleInBetween) {
  const WatchTerms fast{{true, false}, seconds(1)};
  account_->Watch(fast);
  Pass(seconds(10));
  EXPECT_GE(real_.requests(), 10);
  EXPECT_LE(real_.requests(), 12);

  account_->Unwatch(fast);
  account_->Watch({{true, false}, seconds(10)});
  const int requests = real_.requests();
  Pass(seconds(30));

  EXPECT_LE(real_.requests() - requests, 4);
  EXPECT_NE(std::count(sink_.states.begin(), sink_.states.end(), SourceState::kStale), 0);
}

TEST_F(WatchTest, ACallersReadServesTheWatchersToo) {
  account_->Watch({{true, false}, std::nullopt});
  Pass(milliseconds(100));
  ASSERT_EQ(real_.requests(), 1);

  // A caller asks for a new one each second.
  for (int i = 0; i < 10; ++i) {
    Pass(seconds(1));
    account_->Read({{.max_age = Duration::zero()}, {true, false}}, [](const AccountAnswer&) {});
  }
  Pass(milliseconds(100));

  EXPECT_LE(real_.requests(), 12);
}

TEST_F(WatchTest, AFailingSourceIsTriedAtItsPaceAndRecovers) {
  account_->Watch({{true, false}, std::nullopt});
  const auto fail_for = [this](Duration time) {
    const SteadyTime end = clock_.SteadyNow() + time;
    Run();
    while (clock_.SteadyNow() < end) {
      clock_.Advance(milliseconds(10));
      Run();
      if (real_.IsWaiting()) real_.FailWith(ErrorKind::kUnreachable);
      Run();
    }
  };
  fail_for(seconds(20));
  EXPECT_GE(real_.requests(), 8);
  EXPECT_LE(real_.requests(), 12);

  Pass(seconds(3));

  EXPECT_EQ(sink_.states.back(), SourceState::kFresh);
}

TEST_F(WatchTest, ARefusedSourceIsLookedAtAgainWithoutHaste) {
  real_.RefuseFor(seconds(30), ErrorKind::kRateLimited);
  account_->Watch({{true, false}, std::nullopt});
  const std::size_t published = sink_.states.size();
  Pass(seconds(10));
  EXPECT_EQ(real_.requests(), 0);
  EXPECT_LE(sink_.states.size(), published + 10);

  real_.Admit();
  Pass(seconds(31));

  EXPECT_GT(real_.requests(), 0);
  EXPECT_EQ(sink_.states.back(), SourceState::kFresh);
}

}  // namespace
}  // namespace balance
