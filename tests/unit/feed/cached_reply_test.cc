// M101: answers that a cache on the way gives in the venue's place.

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>
#include <vector>

#include "service/feed/account_feed.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_source.h"
#include "tests/support/null_observer.h"

namespace balance {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

class NumberingSink final : public AccountSink {
 public:
  std::int64_t OnAccountChange(const std::vector<SourceStatus>& sources) override {
    latest = sources;
    return ++changes;
  }

  int changes = 0;
  std::vector<SourceStatus> latest;
};

// An account with one source whose requests are answered by hand.
class CachedReplyTest : public testing::Test {
 protected:
  static constexpr CacheSettings kCache{seconds(2), seconds(5), seconds(60), milliseconds(500)};

  CachedReplyTest() {
    auto info = std::make_shared<SourceInfo>();
    info->cache = kCache;
    std::vector<AccountFeed::SourceSpec> specs(1);
    specs.front().options.info = info;
    specs.front().options.refresh_budget = seconds(5);
    specs.front().source = upstream_.MakeSource();
    account_ = std::make_unique<AccountFeed>(loop_.get_executor(), clock_, schedule_, observer_,
                                             sink_, std::move(specs));
  }

  ~CachedReplyTest() override {
    account_->Stop();
    Run();
  }

  void Run() {
    loop_.restart();
    loop_.poll();
  }

  void Advance(Duration by) {
    clock_.Advance(by);
    Run();
  }

  void Read(ReadBounds bounds = {}) {
    account_->Read({bounds, {true}, clock_.SteadyNow() + seconds(10)},
                   [this](AccountAnswer answer) { answers_.push_back(std::move(answer)); });
    Run();
  }

  // The oldest open request is answered with what the venue said so long before it was sent.
  void AnswerFromCache(const std::string& cash, Duration age) {
    ASSERT_TRUE(upstream_.IsWaiting());
    const SteadyTime sent = upstream_.oldest_sent();
    const WallTime sent_wall = clock_.WallNow() - (clock_.SteadyNow() - sent);
    Reading reading = MakeReading(cash, sent_wall - age, sent - age);
    reading.cache_age = age;
    upstream_.AnswerWith(std::move(reading));
    Run();
  }

  SourceView Answer() {
    EXPECT_EQ(answers_.size(), 1U);
    if (answers_.empty()) return {};
    const SourceView view = answers_.front().sources.front();
    answers_.clear();
    return view;
  }

  static std::string Cash(const SourceView& view) {
    return view.reading ? view.reading->balances.front().cash->value.ToString() : "none";
  }

  boost::asio::io_context loop_;
  FakeClock clock_;
  LoopHeartbeat heartbeat_{loop_.get_executor(), clock_};
  AnswerSchedule schedule_{loop_.get_executor(), clock_, heartbeat_};
  FakeUpstream upstream_{clock_};
  NullObserver observer_;
  NumberingSink sink_;
  std::vector<AccountAnswer> answers_;
  std::unique_ptr<AccountFeed> account_;
};

TEST_F(CachedReplyTest, M101_WithinTheTtlItIsFreshForTheRestOfIt) {
  Read();
  AnswerFromCache("5", seconds(1));
  EXPECT_EQ(Answer().state, SourceState::kFresh);

  Advance(seconds(1));
  Read({.only_if_cached = true});
  EXPECT_EQ(Answer().state, SourceState::kFresh);
  Advance(Duration(1));
  Read({.only_if_cached = true});
  EXPECT_EQ(Answer().state, SourceState::kStale);
}

TEST_F(CachedReplyTest, M101_PastTheTtlItIsStaleAlthoughItWasJustFetched) {
  Read();
  AnswerFromCache("5", seconds(30));

  const SourceView view = Answer();
  EXPECT_EQ(Cash(view), "5");
  EXPECT_EQ(view.state, SourceState::kStale);
  EXPECT_EQ(view.outcome, Outcome::kFetched);
  EXPECT_FALSE(view.meets_bounds);
  EXPECT_FALSE(view.failure);
}

TEST_F(CachedReplyTest, M101_TooOldToBeShownItIsNoDataWithTheReason) {
  Read();
  AnswerFromCache("5", hours(3));

  const SourceView view = Answer();
  EXPECT_EQ(view.state, SourceState::kNoData);
  ASSERT_TRUE(view.failure);
  EXPECT_EQ(view.failure->error.kind, ErrorKind::kFreshnessUnsatisfied);
  EXPECT_TRUE(view.retry_after);
}

TEST_F(CachedReplyTest, M101_MaxAgeThatItDoesNotMeetIsAnsweredAsStaleAndInVain) {
  Read({.max_age = seconds(10)});
  AnswerFromCache("5", seconds(30));

  const SourceView view = Answer();
  EXPECT_EQ(Cash(view), "5");
  EXPECT_EQ(view.state, SourceState::kStale);
  EXPECT_TRUE(view.is_refreshed_in_vain);
  ASSERT_TRUE(view.failure);
  EXPECT_EQ(view.failure->error.kind, ErrorKind::kFreshnessUnsatisfied);
}

TEST_F(CachedReplyTest, M101_MaxAgeThatItMeetsIsMet) {
  Read({.max_age = seconds(30)});
  AnswerFromCache("5", seconds(30));

  const SourceView view = Answer();
  EXPECT_TRUE(view.meets_bounds);
  EXPECT_FALSE(view.failure);
}

TEST_F(CachedReplyTest, M101_NotBeforeIsMetByWhatTheVenueSaidThenAndNeverByTheRequest) {
  Advance(seconds(60));
  Read({.not_before = clock_.WallNow() - seconds(5)});
  AnswerFromCache("5", seconds(6));
  EXPECT_EQ(Answer().state, SourceState::kNoData);
  Advance(milliseconds(500));

  Read({.max_age = seconds(6), .not_before = clock_.WallNow() - seconds(6)});
  AnswerFromCache("6", seconds(6));
  EXPECT_TRUE(Answer().meets_bounds);
}

TEST_F(CachedReplyTest, M101_WhoWaitsForWhatACacheCannotGiveIsAnsweredOnceAndAsksOnce) {
  for (int i = 0; i < 100; ++i) Read({.not_before = clock_.WallNow()});
  AnswerFromCache("5", seconds(30));

  EXPECT_EQ(answers_.size(), 100U);
  Advance(seconds(5));
  EXPECT_EQ(upstream_.requests(), 1);
}

TEST_F(CachedReplyTest, M101_AVenueBehindACacheIsAskedOncePerTtl) {
  for (int i = 0; i < 200; ++i) {
    Read();
    if (upstream_.IsWaiting()) AnswerFromCache("5", seconds(30));
    EXPECT_EQ(Answer().state, SourceState::kStale);
    Advance(milliseconds(100));
  }

  EXPECT_LE(upstream_.requests(), 10);
  EXPECT_GE(upstream_.requests(), 9);
}

TEST_F(CachedReplyTest, M101_AnOlderAnswerOutOfACacheReplacesNoReading) {
  Read();
  upstream_.AnswerWith("6");
  Run();
  answers_.clear();
  Advance(seconds(10));

  Read();
  AnswerFromCache("5", seconds(30));

  EXPECT_EQ(Cash(Answer()), "6");
}

TEST_F(CachedReplyTest, M101_ANewerAnswerOutOfACacheReplacesTheReading) {
  Read();
  upstream_.AnswerWith("5");
  Run();
  answers_.clear();
  Advance(seconds(40));

  Read();
  AnswerFromCache("6", seconds(30));

  EXPECT_EQ(Cash(Answer()), "6");
}

TEST_F(CachedReplyTest, M101_TheUpstreamsOwnAnswerEndsIt) {
  Read();
  AnswerFromCache("5", seconds(30));
  answers_.clear();
  Advance(kCache.ttl + Duration(1));

  Read();
  ASSERT_TRUE(upstream_.IsWaiting());
  upstream_.AnswerWith("6");
  Run();

  const SourceView view = Answer();
  EXPECT_EQ(Cash(view), "6");
  EXPECT_EQ(view.state, SourceState::kFresh);
}

}  // namespace
}  // namespace balance
