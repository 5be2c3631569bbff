// Many callers that wait for one account, and leave it together.

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <memory>
#include <string>
#include <vector>

#include "service/feed/account_feed.h"
#include "service/feed/account_handle.h"
#include "tests/support/cpu_time.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_source.h"
#include "tests/support/null_observer.h"

namespace balance {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class CountingSink final : public AccountSink {
 public:
  std::int64_t OnAccountChange(const std::vector<SourceStatus>&) override { return ++changes_; }

 private:
  std::int64_t changes_ = 0;
};

// An account with one source whose requests are answered by hand.
class ManyWaitersTest : public testing::Test {
 protected:
  // At a cost that grew with the square of their number these would need more than a minute. Under
  // a sanitizer they need a few seconds.
  static constexpr int kWaiters = 200'000;
  static constexpr Duration kMuchCpu = seconds(20);

  ManyWaitersTest() {
    auto info = std::make_shared<SourceInfo>();
    info->cache = {seconds(2), seconds(5), seconds(60), milliseconds(500)};
    std::vector<AccountFeed::SourceSpec> specs(1);
    specs.front().options.info = info;
    specs.front().options.refresh_budget = seconds(5);
    specs.front().source = upstream_.MakeSource();
    account_ = std::make_unique<AccountFeed>(loop_.get_executor(), clock_, schedule_, observer_,
                                             sink_, std::move(specs));
  }

  ~ManyWaitersTest() override {
    account_->Stop();
    Run();
  }

  void Run() {
    loop_.restart();
    loop_.poll();
  }

  // Callers who want a reading from now on, and their ids.
  void ReadMany(Duration patience = seconds(10)) {
    for (int i = 0; i < kWaiters; ++i) {
      AccountRead read{{.max_age = Duration::zero()}, {true}, clock_.SteadyNow() + patience};
      reads_.push_back(account_->Read(std::move(read), [this](AccountAnswer) { ++answers_; }));
    }
    Run();
  }

  boost::asio::io_context loop_;
  FakeClock clock_;
  LoopHeartbeat heartbeat_{loop_.get_executor(), clock_};
  AnswerSchedule schedule_{loop_.get_executor(), clock_, heartbeat_};
  FakeUpstream upstream_{clock_};
  NullObserver observer_;
  CountingSink sink_;
  std::unique_ptr<AccountFeed> account_;
  std::vector<AccountFeed::ReadId> reads_;
  int answers_ = 0;
};

TEST_F(ManyWaitersTest, M110_ThoseOfTheRunningRefreshLeaveTogether) {
  ReadMany();
  const Duration before = CpuTime();
  // The last ones first: whoever leaves is sought among all who stay.
  std::for_each(reads_.rbegin(), reads_.rend(), [this](auto id) { account_->Cancel(id); });

  EXPECT_LT(CpuTime() - before, kMuchCpu);
  upstream_.AnswerWith("1.00");
  Run();
  EXPECT_EQ(answers_, 0);
}

TEST_F(ManyWaitersTest, M110_ThoseQueuedForItsSuccessorLeaveTogether) {
  account_->Read({{}, {true}, SteadyTime::max()}, [](AccountAnswer) {});
  Run();
  clock_.Advance(seconds(1));
  ReadMany();
  const Duration before = CpuTime();
  std::for_each(reads_.rbegin(), reads_.rend(), [this](auto id) { account_->Cancel(id); });

  EXPECT_LT(CpuTime() - before, kMuchCpu);
  upstream_.AnswerWith("1.00");
  Run();
  // Nobody waits for the successor any more.
  EXPECT_EQ(upstream_.requests(), 1);
}

TEST_F(ManyWaitersTest, M110_ThoseWhoseDeadlineIsOneInstantAreAllAnsweredThen) {
  ReadMany(seconds(1));
  clock_.Advance(seconds(1));
  const Duration before = CpuTime();
  Run();

  EXPECT_EQ(answers_, kWaiters);
  EXPECT_LT(CpuTime() - before, kMuchCpu);
}

TEST_F(ManyWaitersTest, M110_ThoseWhoHaveLeftAreNotCalledWhenTheRefreshEnds) {
  ReadMany();
  upstream_.AnswerWith("1.00");
  loop_.restart();
  while (answers_ == 0) loop_.run_one();
  const int answered = answers_;
  ASSERT_LT(answered, kWaiters);
  for (const auto id : reads_) account_->Cancel(id);
  Run();

  EXPECT_EQ(answers_, answered);
}

TEST_F(ManyWaitersTest, M110_TheLoopServesOthersWhileTheWaitsOfARefreshEnd) {
  ReadMany();
  upstream_.AnswerWith("1.00");
  loop_.restart();
  while (answers_ == 0) loop_.run_one();
  int answers_before_the_other = 0;
  boost::asio::post(loop_, [&] { answers_before_the_other = answers_; });
  loop_.poll();

  EXPECT_EQ(answers_, kWaiters);
  EXPECT_LT(answers_before_the_other, 1000);
}

TEST_F(ManyWaitersTest, M110_AStopAnswersAllOfThemBeforeItIsOver) {
  ReadMany();
  int answers_when_stopped = -1;
  account_->Stop([&] { answers_when_stopped = answers_; });
  Run();

  EXPECT_EQ(answers_when_stopped, kWaiters);
}

}  // namespace
}  // namespace balance
