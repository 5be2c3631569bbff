#include "clients/redis/fleet_clock.h"

#include <gtest/gtest.h>

#include "tests/support/fake_clock.h"

namespace balance {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

class FleetClockTest : public testing::Test {
 protected:
  // An answer of Redis, whose clock is that far ahead of this machine's, took so long.
  void Observe(Duration ahead, Duration round_trip) {
    const SteadyTime sent = own_.SteadyNow();
    own_.Advance(round_trip);
    redis_.Observe({sent, own_.SteadyNow(), ToRedisTime(own_.WallNow() - round_trip / 2 + ahead)});
    clock_.Follow(redis_);
  }

  // By how much it is ahead of this machine's.
  Duration Ahead() const { return clock_.WallNow() - own_.WallNow(); }

  FakeClock own_;
  RedisClock redis_;
  FleetClock clock_{own_};
};

TEST_F(FleetClockTest, BeforeRedisIsKnownItIsTheMachines) {
  clock_.Follow(redis_);

  EXPECT_EQ(Ahead(), Duration(0));
  EXPECT_EQ(clock_.SteadyNow(), own_.SteadyNow());
}

TEST_F(FleetClockTest, ItIsNeverBehindRedisAndHardlyAhead) {
  for (const Duration ahead : {Duration(seconds(30)), Duration(-minutes(10))}) {
    redis_ = {};
    for (int i = 0; i < 100; ++i) {
      Observe(ahead, milliseconds(1 + i % 7));
      own_.Advance(seconds(1));
      EXPECT_GE(Ahead(), ahead);
      EXPECT_LE(Ahead(), ahead + milliseconds(12));
    }
  }
}

TEST_F(FleetClockTest, WhatChangesALittleMovesItNot) {
  Observe(seconds(3), milliseconds(1));
  const Duration before = WallOffset(clock_.Time());

  for (int i = 0; i < 100; ++i) {
    own_.Advance(seconds(1));
    Observe(seconds(3), milliseconds(1));
    EXPECT_EQ(WallOffset(clock_.Time()), before);
  }
}

TEST_F(FleetClockTest, WithoutRedisItGoesOnAsItWas) {
  Observe(seconds(30), milliseconds(1));
  const Duration before = Ahead();

  own_.Advance(minutes(1));
  own_.JumpWall(seconds(5));

  EXPECT_EQ(Ahead(), before - seconds(5));
}

}  // namespace
}  // namespace balance
