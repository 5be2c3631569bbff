// A SharedSource that cannot reach the other replicas.

#include <gmock/gmock.h>

#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "clients/redis/fleet_clock.h"
#include "tests/unit/redis/shared_source_fixture.h"

namespace balance {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;

class AloneSourceTest : public SharedSourceTest {
 protected:
  // At once, for the reserve begins with a request.
  void ReadAlone(const std::string& cash) {
    chance_ = 0;
    store_->is_usable = false;
    Fetch(*source_);
    upstream_.AnswerWith(cash);
    Run();
    ASSERT_EQ(Told(), cash);
  }

  // Redis has told its time: it is behind the wall clock that this source sees, as the clock that
  // replicas share is mostly some milliseconds ahead.
  void RedisIsBehindBy(Duration by) {
    const SteadyTime now = clock_.SteadyNow();
    store_->redis.emplace();
    store_->redis->Observe({now, now, RedisNow(by)});
  }

  RedisTime RedisNow(Duration behind) const {
    return RedisTime(
        std::chrono::floor<microseconds>((clock_.WallNow() - behind).time_since_epoch()));
  }
};

TEST_F(AloneSourceTest, M35_WithoutRedisTheReserveIsUsedUpOnlyWhenTheRequestCanLeave) {
  chance_ = 0;
  source_ = MakePaced();
  store_->is_usable = false;
  std::optional<HostSlots::Slot> busy = slots_->TryTake();
  Fetch(*source_);
  Advance(seconds(20));
  EXPECT_EQ(upstream_.requests(), 0);

  busy.reset();
  Run();
  ASSERT_EQ(upstream_.requests(), 1);
  const SteadyTime sent = clock_.SteadyNow();
  upstream_.AnswerWith("1");
  Run();

  // The next one is due a whole period after the request.
  EXPECT_GT(reserve_->Earliest(), sent + seconds(8));
}

TEST_F(AloneSourceTest, M35_WithoutRedisTheReserveWaitsForTheTurnBelow) {
  chance_ = 0;
  store_->is_usable = false;
  upstream_.DelayFor(seconds(20));
  Fetch(*source_);
  for (int i = 0; i < 100; ++i) Advance(milliseconds(200));
  ASSERT_EQ(upstream_.requests(), 1);

  EXPECT_GT(reserve_->Earliest(), clock_.SteadyNow() + seconds(8));
}

TEST_F(AloneSourceTest, M35_WithoutRedisItGoesOnWithItsShareOfTheReserve) {
  store_->is_usable = false;
  const SteadyTime begun = clock_.SteadyNow();
  std::vector<Duration> sent;

  while (clock_.SteadyNow() < begun + minutes(2)) {
    Fetch(*source_);
    while (!result_) {
      if (upstream_.IsWaiting()) {
        sent.push_back(clock_.SteadyNow() - begun);
        upstream_.AnswerWith("1");
      }
      Advance(milliseconds(50));
    }
  }

  // 2 a second, of which a quarter is reserved for four: an eighth.
  EXPECT_LE(sent.size(), 15U);
  EXPECT_GE(sent.size(), 12U);
  // From the middle of the first period on, as chance has it.
  EXPECT_GT(sent.front(), seconds(4));
  EXPECT_LT(sent.front(), seconds(5));
  for (std::size_t i = 1; i < sent.size(); ++i) EXPECT_GE(sent[i] - sent[i - 1], seconds(8));
}

// Redis is there for all other logins.
TEST_F(AloneSourceTest, M37_ALoginThatRedisFailsAtIsAskedForLessAndLessOften) {
  chance_ = 0.99;
  store_->is_login_bad = true;
  Fetch(*source_);

  for (int i = 0; i < 500; ++i) Advance(milliseconds(10));

  EXPECT_EQ(Told(), "nothing yet");
  EXPECT_GE(store_->asked.size(), 5U);
  EXPECT_LE(store_->asked.size(), 30U);
}

TEST_F(AloneSourceTest, WithoutRedisAndTimeItSaysSo) {
  store_->is_usable = false;

  Fetch(*source_, seconds(1));

  EXPECT_EQ(Told(), "FRESHNESS_UNSATISFIED");
  EXPECT_GT(result_->error().retry_after, Duration(seconds(3)));
  // A higher rate would not help.
  EXPECT_THAT(result_->error().message, HasSubstr("bring back Redis"));
  EXPECT_THAT(result_->error().message, Not(HasSubstr("requests_per_second")));
}

TEST_F(AloneSourceTest, WhatItReadIsOfferedWhenRedisIsBack) {
  ReadAlone("6");
  for (int i = 0; i < 100; ++i) Advance(milliseconds(50));
  EXPECT_TRUE(store_->stored.empty());

  store_->ComeBack();
  for (int i = 0; i < 21; ++i) Advance(milliseconds(50));

  ASSERT_EQ(store_->stored.size(), 1U);
  EXPECT_FALSE(store_->stored[0].grant);
  EXPECT_EQ(store_->stored[0].owner, "owner");
  EXPECT_EQ(std::get<Reading>(store_->stored[0].result).balances.at(0).cash->value.ToString(), "6");
}

TEST_F(AloneSourceTest, WhatItOffersIsNoNewsToItself) {
  int told = 0;
  source_->Listen([&](const std::optional<Reading>&) { ++told; });
  ReadAlone("6");
  store_->ComeBack();
  Advance(seconds(2));
  ASSERT_EQ(store_->stored.size(), 1U);
  // As it comes back: on Redis's clock, and not known better than to some milliseconds.
  FleetReading echo = Shared("6", seconds(2) + milliseconds(3));
  echo.owner = store_->stored[0].owner;
  echo.is_from_reserve = true;

  store_->Publish(echo);

  EXPECT_EQ(told, 0);
}

TEST_F(AloneSourceTest, WhileRedisIsAwayNoTimerRunsForAnOffer) {
  ReadAlone("6");

  EXPECT_EQ(clock_.sleepers(), 0U);
}

TEST_F(AloneSourceTest, OfAllThatItReadTheNewestIsOfferedOnce) {
  ReadAlone("6");
  Advance(seconds(20));
  ReadAlone("7");

  store_->ComeBack();
  Advance(seconds(2));

  ASSERT_EQ(store_->stored.size(), 1U);
  EXPECT_EQ(std::get<Reading>(store_->stored[0].result).balances.at(0).cash->value.ToString(), "7");
}

TEST_F(AloneSourceTest, AnOfferOutlivesARedisThatIsLostAgainAtOnce) {
  ReadAlone("6");
  store_->ComeBack();
  store_->is_usable = false;
  Advance(seconds(2));
  EXPECT_TRUE(store_->stored.empty());
  EXPECT_EQ(clock_.sleepers(), 0U);

  store_->ComeBack();
  Advance(seconds(2));

  EXPECT_EQ(store_->stored.size(), 1U);
}

TEST_F(AloneSourceTest, AfterItsEndNothingIsHeardOrOffered) {
  ReadAlone("6");

  source_.reset();
  store_->ComeBack();
  Advance(minutes(1));

  EXPECT_EQ(store_->listeners(), 0U);
  EXPECT_TRUE(store_->stored.empty());
}

TEST_F(AloneSourceTest, M35_WhoWaitsWithoutRedisGoesOnWithItWhenItIsBack) {
  store_->is_usable = false;
  Fetch(*source_);
  Advance(milliseconds(300));
  EXPECT_EQ(Told(), "nothing yet");

  store_->Answer(Shared("3"));
  store_->ComeBack();
  Advance(milliseconds(250));

  EXPECT_EQ(Told(), "3");
  EXPECT_EQ(upstream_.requests(), 0);
}

TEST_F(AloneSourceTest, AReadingIsNeverStampedLaterThanItsRequestWasSent) {
  RedisIsBehindBy(milliseconds(6));
  const RedisTime sent = RedisNow(milliseconds(6));

  ReadAlone("6");

  EXPECT_LE((*result_)->observe_time, ToWallTime(sent));
  EXPECT_GE((*result_)->observe_time, ToWallTime(sent) - milliseconds(1));
  EXPECT_LE(progress_.sent_wall, ToWallTime(sent));
}

TEST_F(AloneSourceTest, LongAfterRedisWasLostAStampIsStillNear) {
  RedisIsBehindBy(milliseconds(6));
  Advance(minutes(60));
  const RedisTime sent = RedisNow(milliseconds(6));

  ReadAlone("6");

  EXPECT_LE((*result_)->observe_time, ToWallTime(sent));
  EXPECT_GE((*result_)->observe_time, ToWallTime(sent) - milliseconds(1));
}

TEST_F(AloneSourceTest, WhatWasReadAfterATimeIsStampedAfterIt) {
  RedisIsBehindBy(milliseconds(6));
  chance_ = 0;
  store_->is_usable = false;
  const WallTime wanted = clock_.WallNow();
  Fetch(*source_, minutes(1), ObservedSince{clock_.SteadyNow(), wanted});
  EXPECT_EQ(upstream_.requests(), 0);

  Advance(milliseconds(10));
  ASSERT_EQ(upstream_.requests(), 1);
  upstream_.AnswerWith("6");
  Run();

  ASSERT_EQ(Told(), "6");
  EXPECT_GE((*result_)->observe_time, wanted);
}

// It was shown before Redis's clock was set back, and that clock reaches it only in ten minutes.
TEST_F(AloneSourceTest, ATimeOfAClockThatWasSetBackHoldsNoRequestUp) {
  RedisIsBehindBy(minutes(10));
  chance_ = 0;
  store_->is_usable = false;

  Fetch(*source_, seconds(5), ObservedSince{clock_.SteadyNow(), clock_.WallNow()});

  EXPECT_EQ(upstream_.requests(), 1);
}

TEST_F(AloneSourceTest, NorIsRedisAskedToWaitForIt) {
  RedisIsBehindBy(minutes(10));
  const ObservedSince wanted{clock_.SteadyNow(), clock_.WallNow()};

  Fetch(*source_, seconds(5), wanted);

  ASSERT_FALSE(store_->asked.empty());
  EXPECT_EQ(store_->asked.back().observed_from, wanted.steady);
  EXPECT_EQ(store_->asked.back().observed_from_redis, AcquireRequest{}.observed_from_redis);
}

}  // namespace
}  // namespace balance
