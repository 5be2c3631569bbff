#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <memory>
#include <vector>

#include "clients/resilience/paced_source.h"
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
// No least interval between refreshes: the source is read as fast as it allows.
constexpr CacheSettings kUnboundedCache{seconds(2), seconds(5), seconds(60), Duration::zero()};

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

// A source that was asked a second ago.
SourceStatus AskedBefore(SteadyTime now) {
  auto info = std::make_shared<SourceInfo>();
  info->cache = kWatchedCache;
  SourceStatus status;
  status.info = info;
  status.last_attempt = now - seconds(1);
  return status;
}

std::shared_ptr<const Reading> ReadingOf(SteadyTime observed) {
  auto reading = std::make_shared<Reading>();
  reading->observe_steady = observed;
  return reading;
}

TEST(WatchPaceTest, WhoeverTakesAnyAgeHasNothingRead) {
  constexpr Duration kAny = Duration::max();
  constexpr auto kYear = std::chrono::hours(24 * 365);
  const SteadyTime now = SteadyTime(seconds(1000));
  SourceStatus status = AskedBefore(now);
  status.reading = ReadingOf(*status.last_attempt);
  EXPECT_GT(NextWatchedRead(status, kAny, seconds(0), now), now + kYear);

  status.failure = std::make_shared<const SourceFailure>();
  EXPECT_GT(NextWatchedRead(status, kAny, seconds(0), now), now + kYear);

  status.reading = nullptr;
  EXPECT_LE(NextWatchedRead(status, kAny, seconds(0), now), now + seconds(1));
}

TEST(WatchPaceTest, WhatHasFailedIsTriedAtTheTtlOnceNothingIsNewEnough) {
  constexpr Duration kHour = std::chrono::hours(1);
  const SteadyTime now = SteadyTime(seconds(10'000));
  SourceStatus status = AskedBefore(now);
  status.failure = std::make_shared<const SourceFailure>();

  status.reading = ReadingOf(now - seconds(600));
  EXPECT_EQ(NextWatchedRead(status, kHour, seconds(0), now),
            now + kHour - seconds(600) - milliseconds(500));
  status.reading = ReadingOf(now - kHour);
  EXPECT_EQ(NextWatchedRead(status, kHour, seconds(0), now),
            *status.last_attempt + seconds(2) - milliseconds(100));
}

TEST(WatchPaceTest, WhatIsForbiddenIsLookedAtWithoutHasteHoweverFastThePace) {
  const SteadyTime now = SteadyTime(std::chrono::hours(1));
  auto info = std::make_shared<SourceInfo>();
  info->cache = kUnboundedCache;
  SourceStatus status;
  status.info = info;
  status.last_attempt = now;
  const auto next_look = [&](Duration forbidden_for, Duration pace) {
    auto failure = std::make_shared<SourceFailure>();
    failure->next_attempt = now + forbidden_for;
    status.failure = std::move(failure);
    return NextWatchedRead(status, pace, Duration::zero(), now) - now;
  };

  for (const Duration pace : {Duration::zero(), Duration(1)}) {
    EXPECT_EQ(next_look(seconds(30), pace), kLeastUnsentPause);
    EXPECT_EQ(next_look(milliseconds(10), pace), milliseconds(10)) << "it may be read then";
  }
  EXPECT_EQ(next_look(seconds(30), seconds(2)), seconds(2));
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
  explicit WatchTest(const CacheSettings& cache = kWatchedCache,
                     std::shared_ptr<const PathProbe> path = nullptr) {
    std::vector<AccountFeed::SourceSpec> specs;
    specs.push_back(Spec("real", cache, real_.MakeSource(), std::move(path)));
    specs.push_back(Spec("paper", cache, paper_.MakeSource()));
    account_ = std::make_unique<AccountFeed>(loop_.get_executor(), clock_, schedule_, observer_,
                                             sink_, std::move(specs));
  }
  ~WatchTest() override {
    account_->Stop();
    Run();
  }

  static AccountFeed::SourceSpec Spec(const std::string& id, const CacheSettings& cache,
                                      std::unique_ptr<BalanceSource> source,
                                      std::shared_ptr<const PathProbe> path = nullptr) {
    auto info = std::make_shared<SourceInfo>();
    info->account = "desk-1";
    info->source = id;
    info->cache = cache;
    return {{info, seconds(5), std::move(path)}, std::move(source)};
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

// Counts who looks whether a failure is over.
class CountedPath final : public PathProbe {
 public:
  PathState Probe(Now /*now*/) const override {
    ++looks;
    PathState state;
    state.is_forbidden = is_forbidden;
    return state;
  }

  mutable int looks = 0;
  bool is_forbidden = true;
};

// Watches a source without a minimum refresh interval for the newest readings that there can be.
class UnboundedWatchTest : public WatchTest, public testing::WithParamInterface<Duration> {
 protected:
  UnboundedWatchTest() : UnboundedWatchTest(std::make_shared<CountedPath>()) {}
  explicit UnboundedWatchTest(std::shared_ptr<CountedPath> path)
      : WatchTest(kUnboundedCache, path), path_(std::move(path)) {}

  const std::shared_ptr<CountedPath> path_;
  const WatchTerms kReal{{true, false}, GetParam()};
};

INSTANTIATE_TEST_SUITE_P(MaxAges, UnboundedWatchTest,
                         testing::Values(Duration::zero(), Duration(1)),
                         [](const auto& age) { return std::to_string(age.param.count()) + "ns"; });

TEST_P(UnboundedWatchTest, APausedSourceIsLookedAtAgainWithoutHaste) {
  account_->Watch(kReal);
  Run();
  real_.RefuseFor(seconds(30), ErrorKind::kRateLimited);
  real_.FailWith(ErrorKind::kRateLimited);
  Run();
  // Whoever comes during the pause learns of it, too.
  account_->Unwatch(kReal);
  account_->Watch(kReal);
  Run();

  const int looks = path_->looks;
  Pass(kLeastUnsentPause - milliseconds(10));
  EXPECT_EQ(path_->looks, looks);
  Pass(milliseconds(10));
  EXPECT_EQ(path_->looks, looks + 1);
  Pass(seconds(10));
  EXPECT_LE(path_->looks, looks + 101);
  EXPECT_EQ(real_.requests(), 1);

  // The pause is over before its time.
  path_->is_forbidden = false;
  real_.Admit();
  Pass(kLeastUnsentPause);
  EXPECT_GE(real_.requests(), 2);
}

// A source that can be read 20 times a second.
class RatedWatchTest : public WatchTest {
 protected:
  RatedWatchTest() {
    account_->Stop();
    Run();
    std::vector<AccountFeed::SourceSpec> specs;
    specs.push_back(Spec("real", kUnboundedCache,
                         std::make_unique<PacedSource>(real_.MakeSource(), pacer_, clock_)));
    account_ = std::make_unique<AccountFeed>(loop_.get_executor(), clock_, schedule_, observer_,
                                             sink_, std::move(specs));
  }

  // Lets time pass while each request is answered, or fails, at once.
  void PassAtOnce(Duration time, bool fails) {
    const SteadyTime end = clock_.SteadyNow() + time;
    Run();
    while (clock_.SteadyNow() < end) {
      for (; real_.IsWaiting(); Run()) {
        if (fails) {
          real_.FailWith(ErrorKind::kUpstreamError);
        } else {
          real_.AnswerWith("10.00");
        }
      }
      clock_.Advance(milliseconds(1));
      Run();
    }
  }

  const std::shared_ptr<Pacer> pacer_ =
      std::make_shared<Pacer>(loop_.get_executor(), clock_, RateSettings{20, 1});
};

TEST_F(RatedWatchTest, TheRateOfTheSourceIsAllThatBoundsAnUnboundedPace) {
  account_->Watch({{true}, Duration::zero()});

  for (const bool fails : {false, true}) {
    const int requests = real_.requests();
    PassAtOnce(seconds(10), fails);

    EXPECT_LE(real_.requests(), requests + 201) << fails;
    EXPECT_GE(real_.requests(), requests + 150) << fails;
  }
}

}  // namespace
}  // namespace balance
