// A source whose venue tells of changes: how rarely it is polled, and what a hint leads to.

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <memory>
#include <optional>

#include "service/feed/source_feed.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_source.h"
#include "tests/support/null_observer.h"

namespace balance {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration kPushedTtl = seconds(2);
constexpr Duration kPollInterval = seconds(60);
constexpr Duration kMaxStale = seconds(30);

class PushedSourceTest : public testing::Test {
 protected:
  explicit PushedSourceTest(Duration ttl = kPushedTtl) {
    auto info = std::make_shared<SourceInfo>();
    info->cache = {ttl, seconds(5), kMaxStale, milliseconds(500)};
    info->push = {true, kPollInterval};
    feed_ = std::make_unique<SourceFeed>(
        loop_.get_executor(), clock_, observer_, SourceFeed::Options{info, seconds(5)},
        upstream_.MakeSource(), SeededRandom(1), [this] { ++changes_; });
  }

  ~PushedSourceTest() override {
    feed_->Stop();
    Run();
  }

  void Run() {
    loop_.restart();
    loop_.poll();
  }

  // Every request is answered at once meanwhile.
  void Advance(Duration by) {
    for (const SteadyTime end = clock_.SteadyNow() + by; clock_.SteadyNow() < end;) {
      clock_.Advance(std::min<Duration>(milliseconds(100), end - clock_.SteadyNow()));
      Run();
      if (upstream_.IsWaiting()) Answer();
    }
  }

  void Answer() {
    upstream_.AnswerWith("1");
    Run();
  }

  void Up() { feed_->SetQuietSince(clock_.SteadyNow()); }
  void Down() {
    feed_->SetQuietSince(std::nullopt);
    Run();
  }

  // A source that is up, and watched, and was read a moment ago: when it came up, and a TTL later.
  void WatchQuietly() {
    Up();
    feed_->Watch(std::nullopt);
    Run();
    Answer();
    Advance(feed_->status().info->cache.ttl);
  }

  SourceState State() const {
    const Now now = clock_.Time();
    return Show(feed_->status(), {.only_if_cached = true}, Waited::kNot, now, now).state;
  }

  boost::asio::io_context loop_;
  FakeClock clock_;
  FakeUpstream upstream_{clock_};
  NullObserver observer_;
  int changes_ = 0;
  std::unique_ptr<SourceFeed> feed_;
};

TEST_F(PushedSourceTest, SaysWhetherTheVenueTellsOfChanges) {
  EXPECT_EQ(feed_->status().feed(), FeedState::kPushDown);
  Up();
  EXPECT_EQ(feed_->status().feed(), FeedState::kPush);
  EXPECT_EQ(changes_, 1);
  Down();
  EXPECT_EQ(feed_->status().feed(), FeedState::kPushDown);
  EXPECT_EQ(changes_, 2);
}

TEST_F(PushedSourceTest, M174_IsPolledAsRarelyAsThePollIntervalWhileNothingIsTold) {
  WatchQuietly();
  const int before = upstream_.requests();

  Advance(kPollInterval - seconds(2));
  EXPECT_EQ(upstream_.requests(), before);
  EXPECT_EQ(State(), SourceState::kFresh);
  Advance(seconds(2));

  EXPECT_EQ(upstream_.requests(), before + 1);
  EXPECT_EQ(State(), SourceState::kFresh);
  feed_->Unwatch(std::nullopt);
}

TEST_F(PushedSourceTest, M174_IsPolledAtItsTtlAsSoonAsTheSocketIsDown) {
  WatchQuietly();
  Advance(seconds(20));
  const int before = upstream_.requests();

  Down();
  EXPECT_EQ(State(), SourceState::kStale);
  EXPECT_EQ(upstream_.requests(), before + 1) << "it is overdue by now";
  Answer();
  Advance(seconds(10));

  EXPECT_GE(upstream_.requests(), before + 5);
  EXPECT_EQ(State(), SourceState::kFresh);
  feed_->Unwatch(std::nullopt);
}

TEST_F(PushedSourceTest, AReadingFromBeforeTheSocketIsFreshForItsTtlOnly) {
  feed_->Watch(std::nullopt);
  Run();
  Answer();
  feed_->Unwatch(std::nullopt);
  clock_.Advance(milliseconds(100));

  EXPECT_TRUE(feed_->SetQuietSince(clock_.SteadyNow())) << "something may have happened before";

  EXPECT_EQ(State(), SourceState::kFresh);
  clock_.Advance(kPushedTtl);
  EXPECT_EQ(State(), SourceState::kStale);
}

TEST_F(PushedSourceTest, AHintEndsWhatTheSilenceHasProven) {
  WatchQuietly();
  Advance(seconds(20));
  ASSERT_EQ(State(), SourceState::kFresh);
  const int changes = changes_;

  EXPECT_EQ(feed_->Hint(), HintResult::kStarted);
  Run();

  EXPECT_EQ(State(), SourceState::kStale);
  EXPECT_EQ(changes_, changes + 1);
  Answer();
  EXPECT_EQ(State(), SourceState::kFresh);
  EXPECT_EQ(feed_->status().reading->origin, ReadingOrigin::kPushHint);
  // The venue's answer may have been from before what it told of.
  const int hinted = upstream_.requests();
  Advance(kPushedTtl);
  EXPECT_EQ(upstream_.requests(), hinted + 1);
  const int before = upstream_.requests();
  Advance(kPollInterval - seconds(2));
  EXPECT_EQ(upstream_.requests(), before) << "it is quiet again";
  feed_->Unwatch(std::nullopt);
}

TEST_F(PushedSourceTest, WhatWasProvenForLongIsShownForAsLongAsItMayBeStale) {
  WatchQuietly();
  feed_->Unwatch(std::nullopt);
  const SteadyTime observed = feed_->status().reading->observe_steady;
  clock_.Advance(observed + kPollInterval - seconds(1) - clock_.SteadyNow());
  ASSERT_EQ(State(), SourceState::kFresh);

  feed_->Hint();

  EXPECT_EQ(State(), SourceState::kStale) << "it has not become worthless at one stroke";
  clock_.Advance(kMaxStale + seconds(1));
  EXPECT_EQ(State(), SourceState::kStale);
  clock_.Advance(milliseconds(1));
  EXPECT_EQ(State(), SourceState::kNoData);
}

TEST_F(PushedSourceTest, ARejectedCredentialIsNotBelievedBeyondTheTtl) {
  WatchQuietly();
  clock_.Advance(milliseconds(600));
  feed_->Hint();
  Run();
  upstream_.FailWith(ErrorKind::kCredentialsRejected);
  Run();
  feed_->Unwatch(std::nullopt);

  clock_.Advance(kPushedTtl);

  EXPECT_EQ(State(), SourceState::kNoData);
}

TEST_F(PushedSourceTest, AWatcherWhoWantsItNewerGetsItNewer) {
  WatchQuietly();
  feed_->Watch(seconds(10));
  const int before = upstream_.requests();

  Advance(seconds(31));

  EXPECT_GE(upstream_.requests(), before + 3);
  EXPECT_LE(upstream_.requests(), before + 4);
  feed_->Unwatch(seconds(10));
  feed_->Unwatch(std::nullopt);
}

TEST_F(PushedSourceTest, M172_EachHintSaysWhatItHasLedTo) {
  EXPECT_EQ(feed_->Hint(), HintResult::kUnwanted);
  feed_->Watch(std::nullopt);
  EXPECT_EQ(feed_->Hint(), HintResult::kJoined) << "the first refresh is not sent yet";
  Run();
  clock_.Advance(milliseconds(100));
  EXPECT_EQ(feed_->Hint(), HintResult::kQueued);
  EXPECT_EQ(feed_->Hint(), HintResult::kJoined);
  Answer();
  clock_.Advance(milliseconds(500));
  Run();
  Answer();
  clock_.Advance(milliseconds(600));
  upstream_.RefuseFor(seconds(60), ErrorKind::kUnreachable);
  EXPECT_EQ(feed_->Hint(), HintResult::kStarted) << "nobody knows of the trouble yet";
  Run();
  EXPECT_EQ(feed_->Hint(), HintResult::kForbidden);
  EXPECT_EQ(State(), SourceState::kStale);
  feed_->Unwatch(std::nullopt);
  feed_->Stop();
  EXPECT_EQ(feed_->Hint(), HintResult::kUnwanted);
}

TEST_F(PushedSourceTest, M173_AHintThatCouldNotBeAnsweredIsAnsweredWhenThePauseIsOver) {
  WatchQuietly();
  Advance(seconds(5));
  upstream_.RefuseFor(seconds(7), ErrorKind::kUnreachable);
  for (int i = 0; i < 100; ++i) feed_->Hint();
  Run();
  const int before = upstream_.requests();

  Advance(seconds(6));
  EXPECT_EQ(upstream_.requests(), before);
  upstream_.Admit();
  Advance(seconds(5));

  EXPECT_EQ(upstream_.requests(), before + 1);
  EXPECT_EQ(State(), SourceState::kFresh);
  feed_->Unwatch(std::nullopt);
}

class RarelyReadSourceTest : public PushedSourceTest {
 protected:
  RarelyReadSourceTest() : PushedSourceTest(kPollInterval) {}
};

TEST_F(RarelyReadSourceTest, M173_AHintDuringAPauseDoesNotWaitForThePaceOfWhoWatches) {
  WatchQuietly();
  Advance(seconds(5));
  feed_->Hint();
  Run();
  upstream_.RefuseFor(seconds(2), ErrorKind::kRateLimited);
  upstream_.FailWith({ErrorKind::kRateLimited, "too many", seconds(2)});
  Run();
  feed_->Hint();
  const int before = upstream_.requests();

  Advance(milliseconds(1900));
  EXPECT_EQ(upstream_.requests(), before);
  upstream_.Admit();
  Advance(seconds(1));

  EXPECT_EQ(upstream_.requests(), before + 1);
  EXPECT_EQ(State(), SourceState::kFresh);
  feed_->Unwatch(std::nullopt);
}

TEST_F(PushedSourceTest, AReadAfterAHintIsNotServedByWhatWasAskedBeforeIt) {
  Up();
  feed_->RefreshInBackground({});
  Run();
  ASSERT_EQ(upstream_.requests(), 1);
  clock_.Advance(milliseconds(600));
  ASSERT_EQ(feed_->Hint(), HintResult::kUnwanted);
  std::optional<Waited> end;
  // Whoever reads takes a reading of any age.
  feed_->Wait({}, [&end](Waited how) { end = how; });
  Answer();
  EXPECT_FALSE(end);
  EXPECT_EQ(State(), SourceState::kStale);

  ASSERT_EQ(upstream_.requests(), 2);
  Answer();

  EXPECT_TRUE(end);
  EXPECT_EQ(State(), SourceState::kFresh);
}

TEST_F(PushedSourceTest, AnOutageCountsAsOneFromTheEndOfTheSocketOn) {
  WatchQuietly();
  Advance(seconds(20));
  upstream_.RefuseFor(seconds(60), ErrorKind::kUnreachable);
  FreshnessByKind before;
  feed_->AddFreshness(clock_.SteadyNow(), before);
  Down();
  Advance(seconds(30));

  FreshnessByKind times;
  feed_->AddFreshness(clock_.SteadyNow(), times);

  ASSERT_EQ(times.size(), 1u);
  EXPECT_EQ(times.begin()->second.in_demand, seconds(30));
  EXPECT_EQ(times.begin()->second.fresh, FreshnessMeter::kGrace);
  feed_->Unwatch(std::nullopt);
}

TEST_F(PushedSourceTest, EveryStateChangeComesWhenItIsSaidTo) {
  WatchQuietly();
  feed_->Unwatch(std::nullopt);
  for (const bool is_up : {true, false}) {
    if (!is_up) Down();
    for (SourceState state = State(); state != SourceState::kNoData; state = State()) {
      const SteadyTime next = NextStateChange(feed_->status(), clock_.SteadyNow());
      ASSERT_NE(next, SteadyTime::max());
      if (is_up && state == SourceState::kStale) break;
      clock_.Advance(next - clock_.SteadyNow());
      EXPECT_EQ(State(), state);
      clock_.Advance(Duration(1));
      EXPECT_NE(State(), state);
    }
  }
}

}  // namespace
}  // namespace balance
