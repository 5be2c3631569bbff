#include "service/rpc/watchers.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/support/fake_clock.h"

namespace balance {
namespace {

using std::chrono::seconds;

class CountingWaker final : public StreamWaker {
 public:
  void Wake() override { ++wakes; }
  int wakes = 0;
};

class WatchersTest : public testing::Test {
 protected:
  std::shared_ptr<WatchMailbox> MakeStream() {
    return std::make_shared<WatchMailbox>(std::make_shared<CountingWaker>());
  }

  FakeClock clock_;
  Watchers watchers_{clock_};
  const WatchLimits limits_{.most = 3, .most_of_caller = 2};
};

TEST_F(WatchersTest, ACallerHasNoMoreStreamsThanItMay) {
  const auto first = MakeStream();
  const auto second = MakeStream();
  EXPECT_TRUE(watchers_.TryAdd(first, "bot", limits_));
  EXPECT_TRUE(watchers_.TryAdd(second, "bot", limits_));
  EXPECT_FALSE(watchers_.TryAdd(MakeStream(), "bot", limits_));
  EXPECT_TRUE(watchers_.TryAdd(MakeStream(), "desk", limits_));
  EXPECT_FALSE(watchers_.TryAdd(MakeStream(), "risk", limits_));

  watchers_.Remove(*first);

  EXPECT_TRUE(watchers_.TryAdd(MakeStream(), "bot", limits_));
}

TEST_F(WatchersTest, WithoutCallersOnlyTheLimitOfAllHolds) {
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(watchers_.TryAdd(MakeStream(), "", limits_));
  EXPECT_FALSE(watchers_.TryAdd(MakeStream(), "", limits_));
}

TEST_F(WatchersTest, M165_AStreamASecondLeavesNothingBehind) {
  for (int i = 0; i < 10'000; ++i) {
    const auto stream = MakeStream();
    ASSERT_TRUE(watchers_.TryAdd(stream, "bot", limits_));
    watchers_.Remove(*stream);
  }
  EXPECT_EQ(watchers_.size(), 0u);
}

TEST_F(WatchersTest, RefusedStreamsAreNotCountedOut) {
  EXPECT_TRUE(watchers_.TryAdd(MakeStream(), "bot", limits_));
  EXPECT_TRUE(watchers_.TryAdd(MakeStream(), "bot", limits_));
  const auto refused = MakeStream();
  EXPECT_FALSE(watchers_.TryAdd(refused, "bot", limits_));

  watchers_.Remove(*refused);

  EXPECT_FALSE(watchers_.TryAdd(MakeStream(), "bot", limits_));
}

TEST_F(WatchersTest, M164_ADrainEndsStreamsOneAfterTheOther) {
  constexpr int kStreams = 10;
  const WatchLimits many{.most = 100};
  std::vector<std::shared_ptr<WatchMailbox>> streams;
  for (int i = 0; i < kStreams; ++i) {
    streams.push_back(MakeStream());
    watchers_.TryAdd(streams.back(), "", many);
  }
  watchers_.Drain(seconds(10));

  std::vector<SteadyTime> ends;
  for (const auto& stream : streams) ends.push_back(stream->Take().drain_by.value());
  std::sort(ends.begin(), ends.end());
  for (int i = 0; i < kStreams; ++i) {
    EXPECT_EQ(ends[static_cast<std::size_t>(i)], clock_.SteadyNow() + seconds(i));
  }
}

TEST_F(WatchersTest, AStreamThatBeginsDuringADrainEndsWithinIt) {
  watchers_.Drain(seconds(10));
  clock_.Advance(seconds(4));
  const auto stream = MakeStream();
  watchers_.TryAdd(stream, "", limits_);

  const SteadyTime end = stream->Take().drain_by.value();
  EXPECT_GE(end, clock_.SteadyNow());
  EXPECT_LE(end, clock_.SteadyNow() + seconds(6));
}

TEST(WatchMailboxTest, AnAccountThatChangesAgainAndAgainIsInThereOnce) {
  const auto waker = std::make_shared<CountingWaker>();
  WatchMailbox mailbox(waker);
  for (int i = 0; i < 1000; ++i) mailbox.OnPublished(7);
  mailbox.OnPublished(3);
  mailbox.OnPublished(7);

  EXPECT_EQ(mailbox.Take().changed, (std::vector<std::uint32_t>{7, 3}));
  EXPECT_EQ(waker->wakes, 2);
  mailbox.OnPublished(7);
  EXPECT_EQ(mailbox.Take().changed, std::vector<std::uint32_t>{7});
}

}  // namespace
}  // namespace balance
