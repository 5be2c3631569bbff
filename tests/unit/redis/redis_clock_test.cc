#include "clients/redis/redis_clock.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>

#include "clients/core/random.h"

namespace balance {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr SteadyTime kStart{hours(50)};
// What Redis's clock shows at kStart.
constexpr RedisTime kRedisStart{microseconds(1'790'000'000'000'000)};

// A round trip that begins `after` the start, of which Redis tells the time on the way.
ClockSample Sample(Duration after, Duration there, Duration back, Duration set = Duration(0)) {
  return {kStart + after, kStart + after + there + back,
          kRedisStart + std::chrono::floor<microseconds>(after + there + set)};
}

TEST(RedisClockTest, TheTrueTimeIsWithinTheBounds) {
  RedisClock clock;
  EXPECT_FALSE(clock.is_known());

  clock.Observe(Sample(seconds(1), milliseconds(1), milliseconds(30)));

  ASSERT_TRUE(clock.is_known());
  const SteadyTime later = kStart + seconds(2);
  EXPECT_LE(clock.Earliest(later), kRedisStart + seconds(2));
  EXPECT_GE(clock.Latest(later), kRedisStart + seconds(2));
  EXPECT_GE(clock.SurelyAfter(kRedisStart + seconds(2)), later);
  EXPECT_LE(clock.SurelyBefore(kRedisStart + seconds(2)), later);
  EXPECT_LT(clock.Uncertainty(later), milliseconds(18));
}

TEST(RedisClockTest, OneFastRoundTripMakesItExact) {
  RedisClock clock;
  for (int i = 0; i < 20; ++i) {
    clock.Observe(Sample(seconds(i), milliseconds(i == 5 ? 0 : 40), milliseconds(1)));
  }

  EXPECT_LT(clock.Uncertainty(kStart + seconds(20)), milliseconds(20));
}

TEST(RedisClockTest, RandomRoundTripsNeverContradictTheTruth) {
  Random random = SeededRandom(3);
  RedisClock clock;
  SteadyTime now = kStart;
  for (int i = 0; i < 10'000; ++i) {
    const auto there = Duration(static_cast<Duration::rep>(random() * 50e6));
    const auto back = Duration(static_cast<Duration::rep>(random() * 50e6));
    // Redis's clock runs 300 parts in a million fast.
    const Duration after = now - kStart + there;
    const auto fast =
        Duration(static_cast<Duration::rep>(static_cast<double>(after.count()) * 3e-4));
    clock.Observe(
        {now, now + there + back, kRedisStart + std::chrono::floor<microseconds>(after + fast)});
    now += there + back + seconds(1);
    const Duration passed = now - kStart;
    const RedisTime truth =
        kRedisStart +
        std::chrono::floor<microseconds>(passed + Duration(static_cast<Duration::rep>(
                                                      static_cast<double>(passed.count()) * 3e-4)));
    ASSERT_LE(clock.Earliest(now), truth) << i;
    ASSERT_GE(clock.Latest(now), truth) << i;
    // Ages are right to 100 ms.
    ASSERT_LT(std::chrono::abs(clock.ToSteady(truth) - now), milliseconds(100)) << i;
  }
}

TEST(RedisClockTest, AClockThatWasSetIsBelievedAtOnce) {
  for (const Duration set : {Duration(minutes(10)), Duration(-minutes(10)), Duration(seconds(1))}) {
    RedisClock clock;
    clock.Observe(Sample(seconds(1), milliseconds(1), milliseconds(1)));

    clock.Observe(Sample(seconds(2), milliseconds(1), milliseconds(1), set));

    const SteadyTime later = kStart + seconds(3);
    const RedisTime truth = kRedisStart + seconds(3) + std::chrono::floor<microseconds>(set);
    EXPECT_LE(clock.Earliest(later), truth);
    EXPECT_GE(clock.Latest(later), truth);
    EXPECT_LT(clock.Uncertainty(later), milliseconds(10));
  }
}

TEST(RedisClockTest, ItTellsByHowMuchAClockWasSet) {
  for (const Duration set : {Duration(minutes(10)), Duration(-minutes(10)), Duration(seconds(1))}) {
    RedisClock clock;
    EXPECT_EQ(clock.Observe(Sample(seconds(1), milliseconds(1), milliseconds(1))), Duration(0));
    EXPECT_EQ(clock.Observe(Sample(seconds(2), milliseconds(3), milliseconds(1))), Duration(0));

    const Duration told = clock.Observe(Sample(seconds(3), milliseconds(1), milliseconds(1), set));

    EXPECT_LT(std::chrono::abs(told - set), milliseconds(10));
    EXPECT_EQ(clock.Observe(Sample(seconds(4), milliseconds(1), milliseconds(1), set)),
              Duration(0));
  }
}

TEST(RedisClockTest, AClockThatIsSlewedFastIsFollowedAndMakesNothingDoubtful) {
  RedisClock clock;
  clock.Observe(Sample(seconds(0), milliseconds(1), milliseconds(1)));

  for (int second = 1; second <= 60; ++second) {
    // As fast as chrony does it by default.
    const Duration set = -milliseconds(80) * second;
    const Duration told =
        clock.Observe(Sample(seconds(second), milliseconds(1), milliseconds(1), set));

    EXPECT_EQ(told, Duration(0)) << second;
    EXPECT_FALSE(clock.IsDoubtful(kRedisStart)) << second;
  }
}

TEST(RedisClockTest, WhatMayBeOfATimeBeforeItWasSetBackIsDoubtful) {
  RedisClock clock;
  clock.Observe(Sample(seconds(1), milliseconds(1), milliseconds(1)));
  EXPECT_FALSE(clock.IsDoubtful(kRedisStart));

  clock.Observe(Sample(seconds(2), milliseconds(1), milliseconds(1), -minutes(10)));

  EXPECT_TRUE(clock.IsDoubtful(kRedisStart - minutes(10)));
  EXPECT_TRUE(clock.IsDoubtful(kRedisStart + seconds(2)));
  EXPECT_FALSE(clock.IsDoubtful(kRedisStart + seconds(3)));
  // To set it right again does not make up for it.
  clock.Observe(Sample(seconds(3), milliseconds(1), milliseconds(1)));
  EXPECT_TRUE(clock.IsDoubtful(kRedisStart + seconds(2)));
  EXPECT_FALSE(clock.IsDoubtful(kRedisStart + seconds(3)));
}

TEST(RedisClockTest, ItTellsUntilWhenTimesAreDoubtfulAndWhenItWasSetAhead) {
  RedisClock clock;
  clock.Observe(Sample(seconds(1), milliseconds(1), milliseconds(1)));
  EXPECT_EQ(clock.doubtful_until(), RedisTime::min());
  EXPECT_EQ(clock.set_ahead_at(), SteadyTime::min());

  clock.Observe(Sample(seconds(2), milliseconds(1), milliseconds(1), -minutes(10)));
  EXPECT_GE(clock.doubtful_until(), kRedisStart + seconds(2));
  EXPECT_LT(clock.doubtful_until(), kRedisStart + seconds(3));
  EXPECT_EQ(clock.set_ahead_at(), SteadyTime::min());

  const ClockSample ahead = Sample(seconds(3), milliseconds(1), milliseconds(1));
  clock.Observe(ahead);
  EXPECT_EQ(clock.set_ahead_at(), ahead.received);
  EXPECT_LT(clock.doubtful_until(), kRedisStart + seconds(3));
}

TEST(RedisClockTest, AStampIsNoLaterThanRedisAndStaysNear) {
  RedisClock clock;
  clock.Observe(Sample(seconds(1), milliseconds(1), milliseconds(2)));
  for (const Duration later : {Duration(seconds(1)), Duration(minutes(60))}) {
    const SteadyTime now = kStart + later;
    const RedisTime truth = kRedisStart + std::chrono::floor<microseconds>(later);

    EXPECT_LE(clock.Stamp(now), truth);
    EXPECT_GE(clock.Stamp(now), truth - milliseconds(4));
    EXPECT_GE(clock.Stamp(clock.WhenStamped(truth)), truth);
    EXPECT_LT(clock.Stamp(clock.WhenStamped(truth) - microseconds(2)), truth);
  }
}

TEST(RedisClockTest, ItTellsHowFarItIsFromOurWallClock) {
  RedisClock clock;
  clock.Observe(Sample(seconds(0), milliseconds(1), milliseconds(1)));
  const Now now{ToWallTime(kRedisStart) - minutes(5) + seconds(1), kStart + seconds(1)};

  EXPECT_LT(std::chrono::abs(clock.AheadOfWall(now) - minutes(5)), milliseconds(10));
}

TEST(RedisClockTest, ATimeThatOverflowsIsNone) {
  constexpr std::int64_t kLatest = 9'000'000'000'000'000;
  EXPECT_EQ(TimeOfMicros(0), RedisTime());
  EXPECT_EQ(TimeOfMicros(kLatest), RedisTime(microseconds(kLatest)));
  EXPECT_FALSE(TimeOfMicros(kLatest + 1));
  EXPECT_FALSE(TimeOfMicros(std::numeric_limits<std::int64_t>::max()));
  EXPECT_FALSE(TimeOfMicros(-1));
}

TEST(RedisClockTest, TheReplyToTimeIsRead) {
  const auto reply = [](const std::string& whole, const std::string& micros) {
    RedisReply time;
    time.type = RedisReply::Type::kArray;
    for (const std::string& text : {whole, micros}) {
      time.elements.push_back({RedisReply::Type::kText, 0, text, {}});
    }
    return TimeOfReply(time);
  };

  EXPECT_EQ(reply("1790000000", "000123"), RedisTime(microseconds(1'790'000'000'000'123)));
  EXPECT_FALSE(reply("1790000000", "1000000"));
  EXPECT_FALSE(reply("-1", "0"));
  EXPECT_FALSE(reply("", "0"));
  EXPECT_FALSE(reply("99999999999999999", "0"));
  EXPECT_FALSE(reply("1x", "0"));
  EXPECT_FALSE(TimeOfReply({}));
}

}  // namespace
}  // namespace balance
