#include "service/rpc/watch_state.h"

#include <gtest/gtest.h>

#include <ctime>

namespace balance {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Kind = WatchState::Step::Kind;

class WatchStateTest : public testing::Test {
 protected:
  WatchState Make(WatchState::Options options = {seconds(5), {}, SteadyTime::max()}) {
    // No jitter.
    return {options, [] { return 0.5; }};
  }

  // Past the initial state of one account, of which revision 1 was told.
  WatchState MakeIdle(WatchState::Options options = {seconds(5), {}, SteadyTime::max()}) {
    WatchState state = Make(options);
    state.Add();
    state.OnSnapshotSent(0, 1, now_);
    state.OnHeartbeatSent(now_);
    state.OnTaken();
    return state;
  }

  SteadyTime now_{seconds(1000)};
};

TEST_F(WatchStateTest, TheInitialStateEndsWithAHeartbeat) {
  WatchState state = Make();
  state.Add();
  state.Add();

  EXPECT_EQ(state.Next(now_).kind, Kind::kSnapshot);
  EXPECT_EQ(state.Next(now_).slot, 0u);
  state.OnSnapshotSent(0, 1, now_);
  EXPECT_EQ(state.Next(now_).slot, 1u);
  state.OnSnapshotSent(1, 1, now_);
  EXPECT_EQ(state.Next(now_).kind, Kind::kHeartbeat);
  state.OnHeartbeatSent(now_);
  EXPECT_EQ(state.Next(now_).kind, Kind::kNone);
}

TEST_F(WatchStateTest, AnEmptyInitialStateEndsWithAHeartbeatToo) {
  EXPECT_EQ(Make().Next(now_).kind, Kind::kHeartbeat);
}

TEST_F(WatchStateTest, TheEndOfTheInitialStateComesBeforeLaterChanges) {
  WatchState state = Make();
  state.Add();
  state.OnSnapshotSent(0, 1, now_);
  state.OnChange(0);

  EXPECT_EQ(state.Next(now_).kind, Kind::kHeartbeat);
  state.OnHeartbeatSent(now_);
  EXPECT_EQ(state.Next(now_).kind, Kind::kSnapshot);
}

TEST_F(WatchStateTest, AHeartbeatComesWhenNothingElseWasSentForTheInterval) {
  WatchState state = MakeIdle();
  EXPECT_EQ(state.NextTime(), now_ + seconds(5));
  state.OnChange(0);
  now_ += seconds(3);
  state.OnSnapshotSent(0, 2, now_);

  EXPECT_EQ(state.Next(now_ + seconds(5) - milliseconds(1)).kind, Kind::kNone);
  EXPECT_EQ(state.Next(now_ + seconds(5)).kind, Kind::kHeartbeat);
}

TEST_F(WatchStateTest, HeartbeatsAreSpreadByATenth) {
  for (const double chance : {0.0, 0.999999}) {
    WatchState state({seconds(5), {}, SteadyTime::max()}, [chance] { return chance; });
    state.OnHeartbeatSent(now_);

    EXPECT_NEAR(std::chrono::duration<double>(state.NextTime() - now_).count(),
                chance < 0.5 ? 4.5 : 5.5, 0.001);
  }
}

TEST_F(WatchStateTest, TheOldestChangeIsToldFirst) {
  WatchState state = Make();
  for (WatchState::Slot slot = 0; slot < 3; ++slot) {
    state.Add();
    state.OnSnapshotSent(slot, 1, now_);
  }
  state.OnHeartbeatSent(now_);
  state.OnChange(2);
  state.OnChange(0);
  state.OnChange(2);

  EXPECT_EQ(state.Next(now_).slot, 2u);
  state.OnSnapshotSent(2, 3, now_);
  EXPECT_EQ(state.Next(now_).slot, 0u);
}

TEST_F(WatchStateTest, SkippedCountsTheChangesThatWereNeverTold) {
  WatchState state = Make();
  state.Add();
  EXPECT_EQ(state.Skipped(0, 41), 0);
  state.OnSnapshotSent(0, 41, now_);
  EXPECT_EQ(state.Skipped(0, 42), 0);
  EXPECT_EQ(state.Skipped(0, 1041), 999);
}

TEST_F(WatchStateTest, SkippedCountsAcrossAReload) {
  WatchState state = MakeIdle();
  // Three changes that were not told, then an account made anew with two revisions of its own.
  state.Restart(0, 4);

  EXPECT_EQ(state.Skipped(0, 2), 4);
  state.OnSnapshotSent(0, 2, now_);
  EXPECT_EQ(state.Skipped(0, 3), 0);
}

TEST_F(WatchStateTest, SkippedCountsWhatWasPublishedBeforeARemovalThatWasNeverTold) {
  WatchState state = MakeIdle();
  state.OnChange(0);
  state.Remove(0, 5);
  state.Restart(0, 0);

  // Revisions 2 to 5 of the one before, and the first of its own.
  EXPECT_EQ(state.Skipped(0, 2), 5);
}

TEST_F(WatchStateTest, AnAccountIsNotToldMoreOftenThanTheLeastInterval) {
  WatchState state = MakeIdle({seconds(5), seconds(2), SteadyTime::max()});
  state.OnChange(0);

  EXPECT_EQ(state.Next(now_ + milliseconds(1999)).kind, Kind::kNone);
  EXPECT_EQ(state.NextTime(), now_ + seconds(2));
  EXPECT_EQ(state.Next(now_ + seconds(2)).kind, Kind::kSnapshot);
}

TEST_F(WatchStateTest, AnAccountThatHasToWaitDoesNotHoldUpTheOthers) {
  WatchState state = Make({seconds(5), seconds(2), SteadyTime::max()});
  for (const Duration age : {seconds(0), seconds(3)}) {
    const WatchState::Slot slot = state.Add();
    state.OnSnapshotSent(slot, 1, now_ - age);
  }
  state.OnHeartbeatSent(now_);
  state.OnChange(0);
  state.OnChange(1);

  EXPECT_EQ(state.Next(now_).slot, 1u);
}

TEST_F(WatchStateTest, ARemovalDoesNotWaitForTheLeastInterval) {
  WatchState state = MakeIdle({seconds(5), seconds(2), SteadyTime::max()});
  state.OnChange(0);
  ASSERT_EQ(state.Next(now_ + seconds(1)).kind, Kind::kNone);
  state.Remove(0, 2);

  EXPECT_EQ(state.Next(now_ + seconds(1)).kind, Kind::kRemoved);
}

TEST_F(WatchStateTest, AccountsThatWaitAreNotLookedAtWithEachChangeOfAnother) {
  constexpr std::uint32_t kCount = 10'000;
  WatchState state = Make({seconds(60), seconds(60), SteadyTime::max()});
  for (std::uint32_t slot = 0; slot < kCount; ++slot) {
    state.Add();
    state.OnSnapshotSent(slot, 1, now_);
  }
  state.OnHeartbeatSent(now_);
  state.OnTaken();
  const std::clock_t begin = std::clock();
  for (int round = 0; round < 20; ++round) {
    for (std::uint32_t slot = 0; slot < kCount; ++slot) {
      state.OnChange(slot);
      ASSERT_EQ(state.Next(now_ + seconds(1)).kind, Kind::kNone);
      ASSERT_EQ(state.NextTime(), now_ + seconds(60));
    }
  }

  // If each change looked at all that wait, that would be two billion times.
  EXPECT_LT(std::clock() - begin, CLOCKS_PER_SEC);
}

TEST_F(WatchStateTest, ARemovalIsToldOnceAndOnlyToWhoKnowsTheAccount) {
  WatchState state = MakeIdle();
  const WatchState::Slot unknown = state.Add();
  state.Remove(unknown, 1);
  EXPECT_EQ(state.Next(now_).kind, Kind::kNone);

  state.Remove(0, 1);
  state.Remove(0, 1);
  EXPECT_EQ(state.Next(now_).kind, Kind::kRemoved);
  state.OnRemovedSent(0, now_);
  EXPECT_EQ(state.Next(now_).kind, Kind::kNone);
}

TEST_F(WatchStateTest, AnAccountThatComesBackIsAnInitialOne) {
  WatchState state = MakeIdle({seconds(5), seconds(2), SteadyTime::max()});
  state.Remove(0, 1);
  state.OnRemovedSent(0, now_);
  state.Restart(0, 7);

  EXPECT_EQ(state.Next(now_).kind, Kind::kSnapshot);
  EXPECT_EQ(state.Skipped(0, 3), 0);
}

TEST_F(WatchStateTest, OneThatComesBackBeforeItsRemovalWasToldIsAChange) {
  WatchState state = MakeIdle();
  state.Remove(0, 1);
  state.Restart(0, 1);

  EXPECT_EQ(state.Next(now_).kind, Kind::kSnapshot);
}

TEST_F(WatchStateTest, AReaderThatTakesNothingForTwentySecondsIsTooSlow) {
  WatchState state = MakeIdle();
  state.OnBlocked(now_);
  state.OnBlocked(now_ + seconds(10));
  state.OnChange(0);

  EXPECT_EQ(state.Next(now_ + milliseconds(19999)).kind, Kind::kNone);
  EXPECT_EQ(state.NextTime(), now_ + seconds(20));
  EXPECT_EQ(state.Next(now_ + seconds(20)).kind, Kind::kTooSlow);
}

TEST_F(WatchStateTest, AReaderThatMayTakeAgainAndDoesNotIsTooSlowAsWell) {
  WatchState state = MakeIdle({seconds(60), {}, SteadyTime::max()});
  state.OnChange(0);
  for (int i = 0; i <= 20; ++i) {
    state.OnMaybeFree();
    ASSERT_EQ(state.Next(now_ + seconds(i)).kind, Kind::kSnapshot) << i;
    state.OnBlocked(now_ + seconds(i));
  }

  EXPECT_EQ(state.NextTime(), now_ + seconds(20));
  EXPECT_EQ(state.Next(now_ + seconds(20)).kind, Kind::kTooSlow);
}

TEST_F(WatchStateTest, AReaderThatTookTheMessageOrHasNothingToTakeWaitsAnew) {
  WatchState state = MakeIdle({seconds(60), {}, SteadyTime::max()});
  state.OnChange(0);
  state.OnBlocked(now_);
  state.OnMaybeFree();
  state.OnSnapshotSent(0, 2, now_ + seconds(19));
  state.OnTaken();
  state.OnChange(0);
  state.OnBlocked(now_ + seconds(20));
  EXPECT_EQ(state.NextTime(), now_ + seconds(40));
  state.OnMaybeFree();
  state.OnNothingNew(0, 3);
  state.OnNothingToSend();
  state.OnBlocked(now_ + seconds(30));

  EXPECT_EQ(state.NextTime(), now_ + seconds(50));
}

TEST_F(WatchStateTest, AReaderIsTooSlowAlsoIfNothingWaitsBehindTheMessage) {
  WatchState state = MakeIdle({seconds(60), {}, SteadyTime::max()});
  state.OnChange(0);
  state.OnSnapshotSent(0, 2, now_);

  EXPECT_EQ(state.NextTime(), now_ + seconds(20));
  EXPECT_EQ(state.Next(now_ + milliseconds(19999)).kind, Kind::kNone);
  EXPECT_EQ(state.Next(now_ + seconds(20)).kind, Kind::kTooSlow);
  state.OnTaken();
  EXPECT_EQ(state.Next(now_ + seconds(20)).kind, Kind::kNone);
  EXPECT_EQ(state.NextTime(), now_ + seconds(60));
}

TEST_F(WatchStateTest, AReaderThatTakesAgainIsSentTheNewest) {
  WatchState state = MakeIdle();
  state.OnBlocked(now_);
  for (int i = 0; i < 1000; ++i) state.OnChange(0);
  state.OnMaybeFree();

  EXPECT_EQ(state.Next(now_ + seconds(19)).kind, Kind::kSnapshot);
  EXPECT_EQ(state.Skipped(0, 1001), 999);
}

TEST_F(WatchStateTest, AtTheEndGoodbyeIsSaidBeforeAnythingElse) {
  WatchState state = MakeIdle({seconds(5), {}, now_ + seconds(60)});
  state.OnChange(0);
  EXPECT_EQ(state.Next(now_ + seconds(60)).kind, Kind::kGoodbye);
  EXPECT_EQ(state.end(), WatchEnd::kMaxAge);
  state.OnGoodbyeSent(now_ + seconds(60));
  EXPECT_EQ(state.Next(now_ + seconds(60)).kind, Kind::kEnd);
}

TEST_F(WatchStateTest, ADrainEndsAStreamEarlierAndNeverLater) {
  WatchState state = MakeIdle({seconds(5), {}, now_ + seconds(60)});
  state.EndBy(now_ + seconds(90), WatchEnd::kDrain);
  EXPECT_EQ(state.end(), WatchEnd::kMaxAge);

  state.EndBy(now_ + seconds(3), WatchEnd::kDrain);

  EXPECT_EQ(state.end(), WatchEnd::kDrain);
  EXPECT_EQ(state.NextTime(), now_ + seconds(3));
  EXPECT_EQ(state.Next(now_ + seconds(3)).kind, Kind::kGoodbye);
}

TEST_F(WatchStateTest, AReaderThatDoesNotTakeTheGoodbyeIsEndedWithoutIt) {
  WatchState state = MakeIdle({seconds(5), {}, now_ + seconds(3)});
  state.OnBlocked(now_);

  EXPECT_EQ(state.NextTime(), now_ + seconds(4));
  EXPECT_EQ(state.Next(now_ + seconds(3)).kind, Kind::kNone);
  EXPECT_EQ(state.Next(now_ + seconds(4)).kind, Kind::kEnd);
}

}  // namespace
}  // namespace balance
