// Readings and failures through a real Redis.

#include "clients/redis/redis_fleet_store.h"

#include <gtest/gtest.h>

#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>

#include "tests/redis/fleet_store_fixture.h"
#include "tests/redis/late_replies.h"

namespace balance {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

class RedisFleetStoreTest : public FleetStoreTest {
 protected:
  // The line of INFO commandstats about a command.
  static std::string CommandLine(const std::string& stats, const std::string& command) {
    const auto begin = stats.find("cmdstat_" + command + ":");
    if (begin == std::string::npos) return "";
    return stats.substr(begin, stats.find('\r', begin) - begin);
  }
};

TEST_F(RedisFleetStoreTest, WhatOneReplicaReadAllHave) {
  const auto other = ConnectedStore(server_);
  const Granted grant = Grant(Request(login_));
  const SteadyTime granted = clock_.SteadyNow();
  const Reading reading = ReadingOf("12.50");
  EXPECT_EQ(Store(Storing(login_, reading, grant)), "kept");

  const auto acquired = Settled(*other, AnyReading(login_));

  ASSERT_EQ(Told(acquired), "12.50");
  const auto& shared = std::get<FleetReading>(*acquired);
  EXPECT_EQ(shared.observed, grant.observed);
  EXPECT_EQ(shared.reading.balances, reading.balances);
  EXPECT_EQ(shared.reading.request_id, "request-1");
  EXPECT_EQ(shared.reading.origin, ReadingOrigin::kSharedCache);
  EXPECT_LT(std::chrono::abs(shared.reading.observe_steady - granted), milliseconds(100));
  EXPECT_TRUE(faults_.faults().empty());
}

// All that is known of Redis's clock is that it was read within the time that a reply took.
TEST_F(RedisFleetStoreTest, AReadingNeverPassesForNewerThanItIs) {
  const LateReplies late(loop_, server_.address(), {.delay = milliseconds(200)});
  const auto far = MakeStore(SettingsOf(late.address()));
  std::optional<Reading> heard;
  const auto listening = far->Subscribe(
      login_, [&](FleetNews news) { heard = std::move(std::get<FleetReading>(news).reading); });
  ASSERT_TRUE(Becomes([&] { return far->IsUsable() && far->IsListening(); }));
  const Granted grant = Grant(Request(login_));
  const SteadyTime granted = clock_.SteadyNow();
  Store(Storing(login_, ReadingOf("12.50"), grant));

  const auto acquired = Settled(*far, AnyReading(login_));

  ASSERT_EQ(Told(acquired), "12.50");
  EXPECT_LE(std::get<FleetReading>(*acquired).reading.observe_steady, granted);
  ASSERT_TRUE(Becomes([&] { return heard.has_value(); }));
  EXPECT_LE(heard->observe_steady, granted);
}

TEST_F(RedisFleetStoreTest, AReadingServesWhoWantsNoNewerOne) {
  const SteadyTime before = clock_.SteadyNow();
  Store(Storing(login_, ReadingOf("12.50"), Grant(Request(login_))));
  RunFor(milliseconds(300));

  AcquireRequest young = AnyReading(login_);
  young.max_age = milliseconds(200);
  AcquireRequest newer = AnyReading(login_);
  newer.observed_from = clock_.SteadyNow();
  AcquireRequest content = AnyReading(login_);
  content.max_age = minutes(1);
  content.observed_from = before - milliseconds(200);

  EXPECT_EQ(Told(Acquire(content)), "12.50");
  EXPECT_EQ(Told(Acquire(young)), "granted");
  EXPECT_EQ(Told(Acquire(newer)), "granted");
}

TEST_F(RedisFleetStoreTest, WhatWasReadWithoutLeaveIsOffered) {
  Reading reading = ReadingOf("3");
  reading.observe_steady = clock_.SteadyNow() - seconds(2);
  EXPECT_EQ(Store(Storing(login_, reading)), "kept");
  Reading older = ReadingOf("2");
  older.observe_steady = clock_.SteadyNow() - seconds(4);
  EXPECT_EQ(Store(Storing(login_, older)), "older");

  const auto acquired = Acquire(AnyReading(login_));

  ASSERT_EQ(Told(acquired), "3");
  EXPECT_LT(std::chrono::abs(std::get<FleetReading>(*acquired).reading.observe_steady -
                             reading.observe_steady),
            milliseconds(100));
}

TEST_F(RedisFleetStoreTest, AReadingOfACacheIsAsOldAsTheCacheSays) {
  const Granted grant = Grant(Request(login_));
  Reading reading = ReadingOf("3");
  reading.cache_age = seconds(30);
  Store(Storing(login_, reading, grant));

  const auto acquired = Acquire(AnyReading(login_));

  ASSERT_EQ(Told(acquired), "3");
  EXPECT_EQ(std::get<FleetReading>(*acquired).observed, grant.observed - seconds(30));
}

// It would pass through the connection of every replica, before what others wait for.
TEST_F(RedisFleetStoreTest, AReadingThatIsTooLargeEndsItsLeaseAndIsNotKept) {
  const auto other = ConnectedStore(server_);
  int heard = 0;
  const auto listening = other->Subscribe(login_, [&](const FleetNews&) { ++heard; });
  ASSERT_TRUE(Becomes([&] { return other->IsListening(); }));
  Reading large = ReadingOf("1");
  large.request_id = std::string(std::size_t{2} << 20, 'x');

  EXPECT_EQ(Store(Storing(login_, large, Grant(Request(login_, "one")))), "too large");
  EXPECT_EQ(Store(Storing(login_, large)), "too large");

  EXPECT_EQ(Told(Settled(*other, Request(login_, "two"))), "granted");
  EXPECT_EQ(server_.Command({"EXISTS", login_.reading}).integer, 0);
  EXPECT_TRUE(other->IsListening());
  EXPECT_EQ(heard, 0);
}

TEST_F(RedisFleetStoreTest, AFailureIsToldToThoseWhoWaitedForIt) {
  const SteadyTime asked = clock_.SteadyNow();
  const Granted grant = Grant(Request(login_, "one"));
  Error error{ErrorKind::kRateLimited, "The venue asks for a pause."};
  error.retry_after = minutes(1);
  Store(Storing(login_, error, grant));

  AcquireRequest waited = Request(login_, "two");
  waited.failed_from = asked - milliseconds(100);
  const auto told = Acquire(waited);
  AcquireRequest came_later = Request(login_, "two");
  came_later.failed_from = clock_.SteadyNow() + seconds(1);

  ASSERT_EQ(Told(told), "failure");
  const auto& failure = std::get<FleetFailure>(*told);
  EXPECT_EQ(failure.error.kind, ErrorKind::kRateLimited);
  EXPECT_EQ(failure.error.message, error.message);
  EXPECT_LE(failure.error.retry_after, Duration(minutes(1)));
  EXPECT_GT(failure.error.retry_after, Duration(seconds(50)));
  EXPECT_EQ(Told(Acquire(came_later)), "granted");
}

TEST_F(RedisFleetStoreTest, AFailureReplacesNoReading) {
  Store(Storing(login_, ReadingOf("3"), Grant(Request(login_))));
  Store(Storing(login_, Rejected(), Grant(Request(login_))));

  EXPECT_EQ(Told(Acquire(AnyReading(login_))), "3");
}

TEST_F(RedisFleetStoreTest, LoginsShareNothing) {
  const LoginNames other = NamesOfKey("other key");
  Store(Storing(login_, ReadingOf("12.50"), Grant(Request(login_, "one"))));
  Grant(Request(login_, "one"));
  RateNews news{.login = login_};
  news.pause = minutes(1);
  ASSERT_TRUE(Await(store_->Rate(news)));

  EXPECT_EQ(Told(Acquire(AnyReading(other))), "granted");
}

TEST_F(RedisFleetStoreTest, EveryKeyHasATimeToLive) {
  Store(Storing(login_, ReadingOf("1"), Grant(Request(login_))));
  Grant(Request(login_));
  RateNews news{.login = login_};
  news.pause = news.hold_off = news.interval = news.lasting = minutes(1);
  ASSERT_TRUE(Await(store_->Rate(news)));

  const RedisReply keys = server_.Command({"KEYS", "*"});

  std::set<std::string> found;
  for (const RedisReply& key : keys.elements) {
    found.insert(key.text);
    EXPECT_GT(server_.Command({"PTTL", key.text}).integer, 0) << key.text;
  }
  EXPECT_EQ(found, (std::set<std::string>{login_.reading, login_.lease, login_.bucket, login_.pause,
                                          login_.hold_off}));
}

TEST_F(RedisFleetStoreTest, ALoginTakesAboutAKibibyte) {
  Store(Storing(login_, ReadingOf("1234567.89"), Grant(Request(login_))));
  Grant(Request(login_));

  std::int64_t bytes = 0;
  for (const std::string& key : {login_.reading, login_.lease, login_.bucket}) {
    bytes += server_.Command({"MEMORY", "USAGE", key}).integer;
  }

  EXPECT_GT(bytes, 0);
  EXPECT_LT(bytes, 1600);
}

TEST_F(RedisFleetStoreTest, AScriptIsSentOnce) {
  for (int i = 0; i < 10; ++i) Grant(Request(login_));

  const std::string stats = server_.Command({"INFO", "commandstats"}).text;

  // The digest is tried first, in vain, then the text. What that ran was the first request, which
  // found an empty bucket; so ten more were granted.
  EXPECT_NE(stats.find("cmdstat_eval:calls=1,"), std::string::npos) << stats;
  const std::string by_digest = CommandLine(stats, "evalsha");
  EXPECT_TRUE(by_digest.starts_with("cmdstat_evalsha:calls=11,")) << stats;
  EXPECT_TRUE(by_digest.ends_with(",failed_calls=1")) << stats;
}

TEST_F(RedisFleetStoreTest, AScriptThatRedisForgotIsSentAgain) {
  Grant(Request(login_));
  server_.Command({"SCRIPT", "FLUSH"});

  Grant(Request(login_));
}

TEST_F(RedisFleetStoreTest, TheClockOffsetIsKnown) {
  ASSERT_TRUE(store_->ClockOffset());
  EXPECT_LT(std::chrono::abs(*store_->ClockOffset()), seconds(1));
}

}  // namespace
}  // namespace balance
