// What one feed of a source leaves to the next, and how a feed ends.

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <optional>

#include "service/feed/account_feed.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_source.h"
#include "tests/support/null_observer.h"

namespace balance {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class HandoverSink final : public AccountSink {
 public:
  std::int64_t OnAccountChange(const std::vector<SourceStatus>& sources) override {
    latest = sources;
    return ++changes;
  }

  std::vector<SourceStatus> latest;
  std::int64_t changes = 0;
};

class FeedHandoverTest : public testing::Test {
 protected:
  ~FeedHandoverTest() override {
    if (feed_) feed_->Stop();
    Run();
  }

  void Make(std::optional<SourceStatus> known, Duration ttl = seconds(2)) {
    auto info = std::make_shared<SourceInfo>();
    info->account = "desk-1";
    info->source = "real";
    info->cache = {ttl, seconds(5), seconds(60), milliseconds(500)};
    std::vector<AccountFeed::SourceSpec> specs;
    specs.push_back({{info, seconds(5)}, upstream_.MakeSource()});
    specs.front().known = std::move(known);
    feed_ = std::make_shared<AccountFeed>(loop_.get_executor(), clock_, schedule_, observer_, sink_,
                                          std::move(specs));
  }

  void Run() {
    loop_.restart();
    loop_.poll();
  }

  void Read() {
    feed_->Read({{}, {true}, clock_.SteadyNow() + seconds(10)},
                [this](AccountAnswer answer) { answer_ = std::move(answer); });
    Run();
  }

  SourceStatus StatusAfterAReading() {
    Make(std::nullopt);
    Read();
    upstream_.AnswerWith("10.00");
    Run();
    const SourceStatus status = sink_.latest.front();
    feed_->Stop();
    Run();
    return status;
  }

  boost::asio::io_context loop_;
  FakeClock clock_;
  LoopHeartbeat heartbeat_{loop_.get_executor(), clock_};
  AnswerSchedule schedule_{loop_.get_executor(), clock_, heartbeat_};
  NullObserver observer_;
  FakeUpstream upstream_{clock_};
  HandoverSink sink_;
  std::shared_ptr<AccountFeed> feed_;
  std::optional<AccountAnswer> answer_;
};

TEST_F(FeedHandoverTest, AReadingIsPublishedAndAnsweredWithoutARequest) {
  const SourceStatus known = StatusAfterAReading();
  Make(known);
  answer_.reset();
  Read();

  EXPECT_EQ(sink_.latest.front().reading, known.reading);
  ASSERT_TRUE(answer_);
  EXPECT_EQ(answer_->sources.front().state, SourceState::kFresh);
  EXPECT_EQ(upstream_.requests(), 1);
}

TEST_F(FeedHandoverTest, ItAgesByTheSettingsOfTheNewFeed) {
  Make(StatusAfterAReading(), milliseconds(600));
  clock_.Advance(milliseconds(601));
  Run();
  Read();

  EXPECT_EQ(answer_->sources.front().state, SourceState::kStale);
}

TEST_F(FeedHandoverTest, TheIntervalBetweenRequestsIsKept) {
  SourceStatus known = StatusAfterAReading();
  known.reading = nullptr;
  Make(known);
  Read();
  EXPECT_EQ(upstream_.requests(), 1);

  clock_.Advance(milliseconds(500));
  Run();
  EXPECT_EQ(upstream_.requests(), 2);
}

TEST_F(FeedHandoverTest, AnIdleFeedEndsAtOnce) {
  Make(std::nullopt);
  bool ended = false;
  feed_->Stop([&] { ended = true; });
  EXPECT_FALSE(ended);

  Run();
  EXPECT_TRUE(ended);
}

TEST_F(FeedHandoverTest, AFeedMayBeDestroyedWhenItSaysThatItHasEnded) {
  Make(std::nullopt);
  Read();
  ASSERT_TRUE(upstream_.IsWaiting());
  auto owned = std::move(feed_);
  AccountFeed& feed = *owned;
  std::weak_ptr<AccountFeed> watch = owned;
  feed.Stop([owned = std::move(owned)]() mutable { owned.reset(); });
  EXPECT_FALSE(watch.expired());

  Run();

  EXPECT_TRUE(watch.expired());
  EXPECT_TRUE(answer_);
}

}  // namespace
}  // namespace balance
