#include "clients/core/mutex.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>
#include <vector>

namespace balance {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// A number that threads change together.
class Tally {
 public:
  void Add(int n) {
    const MutexLock lock(mutex_);
    sum_ += n;
    has_changed_.NotifyAll();
  }
  void AwaitSum(int sum) {
    const MutexLock lock(mutex_);
    has_changed_.Wait(mutex_, [&]() BALANCE_REQUIRES(mutex_) { return sum_ >= sum; });
  }
  bool AwaitSumFor(milliseconds patience, int sum) {
    const MutexLock lock(mutex_);
    return has_changed_.WaitFor(mutex_, patience,
                                [&]() BALANCE_REQUIRES(mutex_) { return sum_ >= sum; });
  }

 private:
  Mutex mutex_;
  ConditionVariable has_changed_;
  int sum_ BALANCE_GUARDED_BY(mutex_) = 0;
};

TEST(MutexTest, NothingIsLostThatThreadsAddAtOnce) {
  constexpr int kThreads = 4;
  constexpr int kTimes = 10'000;
  Tally tally;

  std::vector<std::jthread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&tally] {
      for (int time = 0; time < kTimes; ++time) tally.Add(1);
    });
  }
  threads.clear();

  EXPECT_TRUE(tally.AwaitSumFor(milliseconds(0), kThreads * kTimes));
  EXPECT_FALSE(tally.AwaitSumFor(milliseconds(0), kThreads * kTimes + 1));
}

TEST(ConditionVariableTest, AWaitEndsOnceTheConditionIsMetAndLetsOthersInMeanwhile) {
  Tally tally;
  const std::jthread other([&tally] {
    for (int time = 0; time < 100; ++time) tally.Add(1);
  });

  tally.AwaitSum(100);

  EXPECT_TRUE(tally.AwaitSumFor(milliseconds(0), 100));
}

TEST(ConditionVariableTest, AWaitWithPatienceEndsWithItAndTheLockCanBeTakenAgain) {
  Tally tally;
  const auto begun = steady_clock::now();

  const bool was_met = tally.AwaitSumFor(milliseconds(20), 1);

  EXPECT_FALSE(was_met);
  EXPECT_GE(steady_clock::now() - begun, milliseconds(20));
  tally.Add(1);
  EXPECT_TRUE(tally.AwaitSumFor(milliseconds(0), 1));
}

}  // namespace
}  // namespace balance
