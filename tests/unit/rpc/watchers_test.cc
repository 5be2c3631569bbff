#include "service/rpc/watchers.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/support/fake_clock.h"

namespace balance {
namespace {

using std::chrono::seconds;
using Refusal = Watchers::Refusal;

class CountingWaker final : public StreamWaker {
 public:
  void Wake() override { ++wakes; }
  int wakes = 0;
};

class WatchersTest : public testing::Test {
 protected:
  static std::shared_ptr<CountingWaker> MakeStream() { return std::make_shared<CountingWaker>(); }

  // Counts a stream with so many accounts in.
  Refusal TryAdd(const std::shared_ptr<CountingWaker>& stream, const std::string& caller,
                 std::size_t accounts = 1) {
    return watchers_.TryAdd(stream, caller, accounts, limits_);
  }

  FakeClock clock_;
  Watchers watchers_{clock_};
  WatchLimits limits_{.most = 3, .most_of_caller = 2};
};

TEST_F(WatchersTest, ACallerHasNoMoreStreamsThanItMay) {
  const auto first = MakeStream();
  const auto second = MakeStream();
  EXPECT_EQ(TryAdd(first, "bot"), Refusal::kNone);
  EXPECT_EQ(TryAdd(second, "bot"), Refusal::kNone);
  EXPECT_EQ(TryAdd(MakeStream(), "bot"), Refusal::kStreams);
  EXPECT_EQ(TryAdd(MakeStream(), "desk"), Refusal::kNone);
  EXPECT_EQ(TryAdd(MakeStream(), "risk"), Refusal::kStreams);

  watchers_.Remove(*first);

  EXPECT_EQ(TryAdd(MakeStream(), "bot"), Refusal::kNone);
}

TEST_F(WatchersTest, WithoutCallersOnlyTheLimitOfAllHolds) {
  for (int i = 0; i < 3; ++i) EXPECT_EQ(TryAdd(MakeStream(), ""), Refusal::kNone);
  EXPECT_EQ(TryAdd(MakeStream(), ""), Refusal::kStreams);
}

TEST_F(WatchersTest, M165_AStreamASecondLeavesNothingBehind) {
  for (int i = 0; i < 10'000; ++i) {
    const auto stream = MakeStream();
    ASSERT_EQ(TryAdd(stream, "bot"), Refusal::kNone);
    watchers_.Remove(*stream);
  }
  EXPECT_EQ(watchers_.size(), 0u);
}

TEST_F(WatchersTest, RefusedStreamsAreNotCountedOut) {
  EXPECT_EQ(TryAdd(MakeStream(), "bot"), Refusal::kNone);
  EXPECT_EQ(TryAdd(MakeStream(), "bot"), Refusal::kNone);
  const auto refused = MakeStream();
  EXPECT_EQ(TryAdd(refused, "bot"), Refusal::kStreams);

  watchers_.Remove(*refused);

  EXPECT_EQ(TryAdd(MakeStream(), "bot"), Refusal::kStreams);
}

TEST_F(WatchersTest, M164_ADrainEndsStreamsOneAfterTheOther) {
  constexpr int kStreams = 10;
  limits_.most = 100;
  std::vector<std::shared_ptr<CountingWaker>> streams;
  for (int i = 0; i < kStreams; ++i) {
    streams.push_back(MakeStream());
    TryAdd(streams.back(), "");
  }
  watchers_.Drain(seconds(10));

  std::vector<SteadyTime> ends;
  for (const auto& stream : streams) ends.push_back(watchers_.DrainBy(*stream));
  std::sort(ends.begin(), ends.end());
  for (int i = 0; i < kStreams; ++i) {
    EXPECT_EQ(ends[static_cast<std::size_t>(i)], clock_.SteadyNow() + seconds(i));
  }
}

TEST_F(WatchersTest, AStreamThatBeginsDuringADrainEndsWithinIt) {
  watchers_.Drain(seconds(10));
  clock_.Advance(seconds(4));
  const auto stream = MakeStream();
  TryAdd(stream, "");

  const SteadyTime end = watchers_.DrainBy(*stream);
  EXPECT_GE(end, clock_.SteadyNow());
  EXPECT_LE(end, clock_.SteadyNow() + seconds(6));
}

TEST_F(WatchersTest, M165_StreamsHaveNoMoreAccountsTogetherThanTheyMay) {
  limits_ = {.most = 100, .most_of_caller = 100, .most_accounts = 1000};
  const auto first = MakeStream();
  EXPECT_EQ(TryAdd(first, "", 600), Refusal::kNone);
  EXPECT_EQ(TryAdd(MakeStream(), "", 401), Refusal::kAccounts);
  EXPECT_EQ(TryAdd(MakeStream(), "", 400), Refusal::kNone);
  EXPECT_EQ(TryAdd(MakeStream(), "", 1), Refusal::kAccounts);
  EXPECT_EQ(watchers_.accounts(), 1000u);

  watchers_.Remove(*first);

  EXPECT_EQ(watchers_.accounts(), 400u);
  EXPECT_EQ(TryAdd(MakeStream(), "", 600), Refusal::kNone);
}

TEST_F(WatchersTest, M165_ACallerLeavesAccountsToOthers) {
  limits_ = {.most_accounts = 1000, .most_accounts_of_caller = 500};
  const auto first = MakeStream();
  EXPECT_EQ(TryAdd(first, "bot", 400), Refusal::kNone);
  EXPECT_EQ(TryAdd(MakeStream(), "bot", 101), Refusal::kAccounts);
  EXPECT_EQ(TryAdd(MakeStream(), "desk", 101), Refusal::kNone);

  watchers_.Remove(*first);

  EXPECT_EQ(TryAdd(MakeStream(), "bot", 101), Refusal::kNone);
}

TEST_F(WatchersTest, AReloadMayAddAccountsBeyondTheLimitButNoStream) {
  limits_ = {.most_accounts = 10};
  const auto all = MakeStream();
  EXPECT_EQ(TryAdd(all, "bot", 10), Refusal::kNone);
  watchers_.SetAccounts(*all, 25);
  EXPECT_EQ(watchers_.accounts(), 25u);
  EXPECT_EQ(TryAdd(MakeStream(), "bot", 1), Refusal::kAccounts);

  watchers_.SetAccounts(*all, 9);

  EXPECT_EQ(TryAdd(MakeStream(), "bot", 1), Refusal::kNone);
}

TEST_F(WatchersTest, OneStreamMayHaveAllThatThereIs) {
  limits_ = {.most_accounts = 10, .most_accounts_of_caller = 5};
  EXPECT_EQ(TryAdd(MakeStream(), "bot", 10'000), Refusal::kNone);
}

}  // namespace
}  // namespace balance
