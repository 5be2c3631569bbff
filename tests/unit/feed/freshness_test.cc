// What an account's feed counts of how fresh its sources were.

#include <gmock/gmock.h>

#include <boost/asio/io_context.hpp>
#include <memory>
#include <vector>

#include "service/feed/account_feed.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_source.h"
#include "tests/support/null_observer.h"

namespace balance {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

MATCHER_P2(Counts, in_demand, fresh, "") {
  return arg.in_demand == in_demand && arg.fresh == fresh;
}

constexpr SourceKind kReal{1};
constexpr SourceKind kPaper{2};

class NoSink final : public AccountSink {
 public:
  std::int64_t OnAccountChange(const std::vector<SourceStatus>&) override { return ++revision_; }

 private:
  std::int64_t revision_ = 0;
};

// Two sources, with a TTL of 2 s.
class FreshnessTest : public testing::Test {
 protected:
  FreshnessTest() {
    std::vector<AccountFeed::SourceSpec> specs;
    specs.push_back(Spec("real", kReal, real_));
    specs.push_back(Spec("paper", kPaper, paper_));
    account_ = std::make_unique<AccountFeed>(loop_.get_executor(), clock_, schedule_, observer_,
                                             sink_, std::move(specs));
  }
  ~FreshnessTest() override {
    account_->Stop();
    Run();
  }

  static AccountFeed::SourceSpec Spec(const std::string& id, SourceKind kind,
                                      FakeUpstream& upstream) {
    auto info = std::make_shared<SourceInfo>();
    info->account = "desk-1";
    info->source = id;
    info->kind = kind;
    info->cache = {seconds(2), seconds(5), seconds(60), milliseconds(500)};
    return {{info, seconds(5)}, upstream.MakeSource()};
  }

  void Run() {
    loop_.restart();
    loop_.poll();
  }

  // Lets time pass; upstreams answer within 10 ms unless they are down, and the freshness is
  // counted as often as it is to be.
  void Pass(Duration time) {
    const SteadyTime end = clock_.SteadyNow() + time;
    for (Run(); clock_.SteadyNow() < end; Run()) {
      clock_.Advance(milliseconds(10));
      Run();
      for (FakeUpstream* upstream : {&real_, &paper_}) {
        if (upstream->IsWaiting() && !is_down_) upstream->AnswerWith("10.00");
      }
      if (clock_.SteadyNow() < next_count_) continue;
      Count();
      next_count_ += SourceFeed::kFreshnessCount;
    }
    Count();
  }

  void Count() { account_->AddFreshness(clock_.SteadyNow(), times_); }

  void Read(ReadBounds bounds, std::vector<bool> wanted) {
    account_->Read({bounds, std::move(wanted)}, [](const AccountAnswer&) {});
  }

  FakeClock clock_;
  boost::asio::io_context loop_;
  NullObserver observer_;
  NoSink sink_;
  LoopHeartbeat heartbeat_{loop_.get_executor(), clock_};
  AnswerSchedule schedule_{loop_.get_executor(), clock_, heartbeat_};
  FakeUpstream real_{clock_};
  FakeUpstream paper_{clock_};
  std::unique_ptr<AccountFeed> account_;
  bool is_down_ = false;
  SteadyTime next_count_ = clock_.SteadyNow();
  FreshnessByKind times_;
};

TEST_F(FreshnessTest, SourcesThatNobodyWantsAreNotCounted) {
  Read({.only_if_cached = true}, {true, true});
  Pass(seconds(20));
  EXPECT_TRUE(times_.empty());

  Read({}, {true, false});
  Pass(seconds(20));

  EXPECT_THAT(times_.at(kReal), Counts(seconds(7), seconds(7)));
  EXPECT_FALSE(times_.contains(kPaper));
}

TEST_F(FreshnessTest, AWatchedSourceIsFreshUntilItsUpstreamDies) {
  account_->Watch({{true, true}, std::nullopt});
  Pass(seconds(60));
  EXPECT_THAT(times_.at(kReal), Counts(seconds(60), seconds(60)));
  EXPECT_EQ(times_.at(kPaper), times_.at(kReal));
  EXPECT_LE(times_.at(kReal).oldest, seconds(2));

  is_down_ = true;
  Pass(seconds(60));

  EXPECT_GE(times_.at(kReal).oldest, seconds(60));
  EXPECT_LE(times_.at(kReal).oldest, seconds(62));
  EXPECT_EQ(times_.at(kReal).in_demand, seconds(120));
  EXPECT_GE(times_.at(kReal).fresh, seconds(65));
  EXPECT_LE(times_.at(kReal).fresh, seconds(67));
}

// A read that a known failure answers at once, on whatever thread, is a demand as any other.
TEST_F(FreshnessTest, WhoIsAnsweredByAFailureStillWantsTheSource) {
  for (int i = 0; i < 60; ++i) {
    account_->NoteAsked({true, false}, clock_.SteadyNow());
    Pass(seconds(1));
  }

  EXPECT_THAT(times_.at(kReal), Counts(seconds(60), seconds(5)));
  EXPECT_FALSE(times_.contains(kPaper));
}

TEST_F(FreshnessTest, AReaderWhoIsServedAheadOfTheTtlIsCountedThroughout) {
  Read({}, {true, true});
  for (int i = 0; i < 20; ++i) {
    Pass(milliseconds(1990));
    account_->RefreshEarly();
    Pass(milliseconds(10));
  }

  EXPECT_THAT(times_.at(kReal), Counts(seconds(40), seconds(40)));
}

}  // namespace
}  // namespace balance
