#include "service/feed/account_handle.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>
#include <vector>

#include "tests/support/null_observer.h"

namespace balance {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Answers each fetch after a millisecond of real time.
class QuickSource final : public BalanceSource {
 public:
  explicit QuickSource(Clock& clock) : clock_(clock) {}

  boost::asio::awaitable<Result<Reading>> Fetch(FetchContext context) override {
    Reading reading;
    reading.observe_time = clock_.WallNow();
    reading.observe_steady = clock_.SteadyNow();
    context.progress->NoteSent(reading.Observed());
    co_await clock_.SleepUntil(reading.observe_steady + milliseconds(1));
    reading.receive_time = clock_.WallNow();
    co_return reading;
  }

 private:
  Clock& clock_;
};

class IgnoringSink final : public AccountSink {
 public:
  std::int64_t OnAccountChange(const std::vector<SourceStatus>&) override { return 1; }
};

class AccountHandleTest : public testing::Test {
 protected:
  AccountHandleTest() {
    auto info = std::make_shared<SourceInfo>();
    info->cache = {seconds(60), seconds(60), seconds(60), milliseconds(1)};
    std::vector<AccountFeed::SourceSpec> specs(1);
    specs.front().options = {info, seconds(5)};
    specs.front().source = std::make_unique<QuickSource>(clock_);
    account_ = std::make_shared<AccountFeed>(shard_.loop().get_executor(), clock_, schedule_,
                                             observer_, sink_, std::move(specs));
    handle_ = std::make_unique<ShardAccountHandle>(shard_, account_);
    shard_.Start();
  }

  ~AccountHandleTest() override {
    shard_.Post([this] { account_->Stop(); });
    shard_.Join();
  }

  static AccountRead Always(SteadyTime answer_by) {
    return {{.max_age = Duration::zero()}, {true}, answer_by};
  }

  SystemClock clock_;
  NullObserver observer_;
  IgnoringSink sink_;
  Shard shard_;
  LoopHeartbeat heartbeat_{shard_.loop().get_executor(), clock_};
  AnswerSchedule schedule_{shard_.loop().get_executor(), clock_, heartbeat_};
  std::shared_ptr<AccountFeed> account_;
  std::unique_ptr<ShardAccountHandle> handle_;
};

TEST_F(AccountHandleTest, AnswerComesFromTheShard) {
  std::promise<AccountAnswer> answered;
  handle_->Read(
      Always(SteadyTime::max()), [&](AccountAnswer answer) { answered.set_value(answer); }, [] {});

  EXPECT_EQ(answered.get_future().get().sources.front().state, SourceState::kFresh);
}

TEST_F(AccountHandleTest, EveryReadEndsExactlyOnceWhoeverWinsTheRace) {
  constexpr int kThreads = 4;
  constexpr int kReads = 500;
  std::atomic<int> answered = 0;
  std::atomic<int> withdrawn = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kReads; ++i) {
        const auto ticket = handle_->Read(
            Always(SteadyTime::max()), [&](AccountAnswer) { ++answered; }, [&] { ++withdrawn; });
        if ((i + t) % 2 == 0) ticket->Cancel();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::promise<AccountAnswer> last;
  handle_->Read(
      Always(SteadyTime::max()), [&](AccountAnswer answer) { last.set_value(answer); }, [] {});
  last.get_future().wait();

  shard_.RunAndWait([] {});
  EXPECT_EQ(answered + withdrawn, kThreads * kReads);
}

}  // namespace
}  // namespace balance
