// Readings, leases, hold-offs and messages through a real Redis.

#include "clients/redis/redis_fleet_store.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "clients/redis/reading_codec.h"
#include "tests/redis/late_replies.h"
#include "tests/redis/redis_fixture.h"

namespace balance {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

class RedisFleetStoreTest : public RedisTest {
 protected:
  RedisFleetStoreTest() { store_ = ConnectedStore(server_); }

  RedisResult<Acquired> Acquire(const AcquireRequest& request) { return Settled(*store_, request); }

  // When the request may be sent by the first answer.
  SteadyTime FirstTurn(const AcquireRequest& request) {
    const auto acquired = Await(store_->Acquire(request));
    EXPECT_EQ(Told(acquired), "later");
    return std::get<OutOfTurn>(acquired.value()).send_at;
  }

  Granted Grant(const AcquireRequest& request) {
    const auto acquired = Acquire(request);
    EXPECT_EQ(Told(acquired), "granted");
    return std::get<Granted>(acquired.value());
  }

  std::string Store(StoreRequest request) {
    const auto outcome = Await(store_->Store(std::move(request)));
    if (!outcome) return "error: " + outcome.error().message;
    static const char* const kNames[] = {"kept", "older", "ahead", "too large"};
    return kNames[static_cast<std::size_t>(*outcome)];
  }

  // The line of INFO commandstats about a command.
  static std::string CommandLine(const std::string& stats, const std::string& command) {
    const auto begin = stats.find("cmdstat_" + command + ":");
    if (begin == std::string::npos) return "";
    return stats.substr(begin, stats.find('\r', begin) - begin);
  }

  Error Rejected() { return {ErrorKind::kCredentialsRejected, "The venue rejects the key."}; }

  const RedisServer server_;
  std::unique_ptr<RedisFleetStore> store_;
  const LoginNames login_ = NamesOfKey("key");
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

TEST_F(RedisFleetStoreTest, OneAtATimeFetches) {
  const Granted grant = Grant(Request(login_, "one"));

  const auto other = Acquire(Request(login_, "two"));

  ASSERT_EQ(Told(other), "busy");
  EXPECT_LT(std::chrono::abs(std::get<LeaseBusy>(*other).lease_end - grant.lease_end), seconds(1));
  EXPECT_GT(grant.lease_end, clock_.SteadyNow() + seconds(25));
}

TEST_F(RedisFleetStoreTest, ALeaseEndsWithWhatTheRequestBrought) {
  for (const auto& result :
       {std::variant<Reading, Error>(ReadingOf("1")), std::variant<Reading, Error>(Rejected())}) {
    const Granted grant = Grant(Request(login_, "one"));
    EXPECT_EQ(Store(Storing(login_, result, grant)), "kept");
  }

  EXPECT_EQ(Told(Acquire(Request(login_, "two"))), "granted");
}

TEST_F(RedisFleetStoreTest, ALeaseThatIsNotNeededIsGivenBack) {
  const Granted grant = Grant(Request(login_, "one"));
  const Granted other = Grant(Request(NamesOfKey("other key"), "one"));

  ASSERT_TRUE(Await(store_->Release(login_, other)));
  EXPECT_EQ(Told(Acquire(Request(login_, "two"))), "busy");
  ASSERT_TRUE(Await(store_->Release(login_, grant)));

  EXPECT_EQ(Told(Acquire(Request(login_, "two"))), "granted");
}

TEST_F(RedisFleetStoreTest, WhoLostAnAnswerIsGrantedAnew) {
  const Granted lost = Grant(Request(login_, "one"));
  const Granted again = Grant(Request(login_, "one"));

  EXPECT_NE(again.token, lost.token);
}

TEST_F(RedisFleetStoreTest, M38_ALeaseWhoseHolderDiedEndsByItself) {
  AcquireRequest request = Request(login_, "dead");
  request.lease = milliseconds(200);
  Grant(request);

  EXPECT_EQ(Told(Acquire(Request(login_, "two"))), "busy");
  EXPECT_TRUE(
      Becomes([&] { return Told(Acquire(Request(login_, "two"))) == "granted"; }, seconds(5)));
}

TEST_F(RedisFleetStoreTest, M39_WhatALateHolderBringsIsKeptOnlyIfItIsNewer) {
  AcquireRequest request = Request(login_, "late");
  request.lease = milliseconds(1);
  const Granted late = Grant(request);
  RunFor(milliseconds(50));
  const Granted next = Grant(Request(login_, "next"));
  EXPECT_EQ(Store(Storing(login_, ReadingOf("2"), next)), "kept");
  Grant(Request(login_, "third"));

  EXPECT_EQ(Store(Storing(login_, ReadingOf("1"), late)), "older");

  EXPECT_EQ(Told(Acquire(AnyReading(login_))), "2");
  // Neither has it ended the lease of another.
  EXPECT_EQ(Told(Acquire(Request(login_, "fourth"))), "busy");
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

TEST_F(RedisFleetStoreTest, AReasonThatIsTooLargeIsLeftOut) {
  RateNews news{.login = login_};
  news.pause = minutes(1);
  news.because = {ErrorKind::kRateLimited, std::string(std::size_t{2} << 20, 'x')};
  ASSERT_TRUE(Await(store_->Rate(news)));

  EXPECT_EQ(Told(Acquire(Request(login_))), "held off");
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

TEST_F(RedisFleetStoreTest, APauseHoldsOffEverySecretOfTheLogin) {
  const auto other = ConnectedStore(server_);
  RateNews news{.login = login_};
  news.pause = minutes(1);
  news.because = {ErrorKind::kRateLimited, "The venue asks for a pause."};
  ASSERT_TRUE(Await(store_->Rate(news)));

  const LoginNames new_secret = NamesOfKey("key", "another secret");
  const auto acquired = Settled(*other, Request(new_secret));

  ASSERT_EQ(Told(acquired), "held off");
  const auto& held = std::get<HeldOff>(*acquired);
  EXPECT_FALSE(held.is_rejected);
  ASSERT_TRUE(held.because);
  EXPECT_EQ(held.because->kind, ErrorKind::kRateLimited);
  EXPECT_GT(held.because->retry_after, Duration(seconds(50)));
  EXPECT_LT(std::chrono::abs(held.until - clock_.SteadyNow() - minutes(1)), seconds(10));
}

TEST_F(RedisFleetStoreTest, ARejectedSecretHoldsOffItselfOnly) {
  RateNews news{.login = login_};
  news.hold_off = minutes(1);
  news.because = Rejected();
  ASSERT_TRUE(Await(store_->Rate(news)));
  const LoginNames new_secret = NamesOfKey("key", "another secret");

  const auto held = Acquire(Request(login_));
  ASSERT_EQ(Told(held), "held off");
  EXPECT_TRUE(std::get<HeldOff>(*held).is_rejected);
  EXPECT_EQ(std::get<HeldOff>(*held).because->kind, ErrorKind::kCredentialsRejected);
  EXPECT_EQ(Told(Acquire(Request(new_secret))), "granted");
}

TEST_F(RedisFleetStoreTest, ASecretThatIsGoodAgainIsHeldOffNoMore) {
  RateNews rejected{.login = login_};
  rejected.hold_off = minutes(1);
  rejected.because = Rejected();
  ASSERT_TRUE(Await(store_->Rate(rejected)));
  RateNews accepted{.login = login_};
  accepted.is_accepted = true;
  ASSERT_TRUE(Await(store_->Rate(accepted)));

  EXPECT_EQ(Told(Acquire(Request(login_))), "granted");
}

TEST_F(RedisFleetStoreTest, AShorterPauseDoesNotEndALongerOne) {
  RateNews news{.login = login_};
  news.because = {ErrorKind::kRateLimited, "The venue asks for a pause."};
  news.pause = minutes(5);
  ASSERT_TRUE(Await(store_->Rate(news)));
  news.pause = milliseconds(1);
  ASSERT_TRUE(Await(store_->Rate(news)));
  RunFor(milliseconds(20));

  EXPECT_EQ(Told(Acquire(Request(login_))), "held off");
}

TEST_F(RedisFleetStoreTest, APauseEndsByItself) {
  RateNews news{.login = login_};
  news.because = {ErrorKind::kRateLimited, "The venue asks for a pause."};
  news.pause = milliseconds(100);
  ASSERT_TRUE(Await(store_->Rate(news)));

  EXPECT_EQ(Told(Acquire(Request(login_))), "held off");
  EXPECT_TRUE(Becomes([&] { return Told(Acquire(Request(login_))) == "granted"; }, seconds(5)));
}

TEST_F(RedisFleetStoreTest, ASlowerRateOfOneReplicaIsThatOfAll) {
  Grant(Request(login_));
  RateNews news{.login = login_};
  news.interval = hours(1);
  news.lasting = hours(2);
  ASSERT_TRUE(Await(store_->Rate(news)));

  EXPECT_GT(FirstTurn(Request(login_)), clock_.SteadyNow() + minutes(50));
}

TEST_F(RedisFleetStoreTest, AShorterSlowDownDoesNotLengthenALongerOne) {
  Grant(Request(login_));
  RateNews exhausted{.login = login_};
  exhausted.interval = exhausted.lasting = milliseconds(300);
  RateNews slow{.login = login_};
  slow.interval = milliseconds(1);
  slow.lasting = hours(2);
  ASSERT_TRUE(Await(store_->Rate(exhausted)));
  ASSERT_TRUE(Await(store_->Rate(slow)));

  FirstTurn(Request(login_));
  RunFor(milliseconds(400));
  Grant(Request(login_));
  EXPECT_EQ(Told(Await(store_->Acquire(Request(login_)))), "granted");
}

TEST_F(RedisFleetStoreTest, NothingIsGrantedBeforeTheTimeThatIsWanted) {
  AcquireRequest request = Request(login_);
  Grant(request);
  const SteadyTime now = clock_.SteadyNow();
  request.observed_from_redis =
      ToRedisTime(clock_.WallNow() + *store_->ClockOffset() + milliseconds(500));

  const SteadyTime turn = FirstTurn(request);

  EXPECT_GE(turn, now + milliseconds(450));
  EXPECT_LE(turn, now + seconds(5));
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

TEST_F(RedisFleetStoreTest, TheLeastTimeBetweenTwoRequestsHoldsOverTheFleet) {
  const auto other = ConnectedStore(server_);
  AcquireRequest request = Request(login_, "one");
  request.min_refresh_interval = minutes(7);
  const Granted first = Grant(request);
  const SteadyTime granted = clock_.SteadyNow();
  Store(Storing(login_, ReadingOf("1"), first));

  AcquireRequest again = Request(login_, "two");
  again.min_refresh_interval = minutes(7);
  const auto second = Await(other->Acquire(again));

  ASSERT_EQ(Told(second), "later");
  EXPECT_LT(std::chrono::abs(std::get<OutOfTurn>(*second).send_at - granted - minutes(7)),
            seconds(5));
}

TEST_F(RedisFleetStoreTest, WhoAsksInVainDoesNotPutItOff) {
  AcquireRequest request = Request(login_);
  request.rate = {seconds(2), microseconds(0)};

  const SteadyTime first = FirstTurn(request);
  RunFor(milliseconds(100));
  const SteadyTime second = FirstTurn(request);

  EXPECT_LT(std::chrono::abs(second - first), milliseconds(100));
  EXPECT_EQ(Told(Acquire(request)), "granted");
  EXPECT_GE(clock_.SteadyNow(), first - milliseconds(100));
}

TEST_F(RedisFleetStoreTest, WhoMaySendNothingTakesNoTurn) {
  Grant(Request(login_, "one"));
  Store(Storing(login_, ReadingOf("1"), Grant(Request(login_, "one"))));
  AcquireRequest request = Request(login_, "two");
  request.may_send = false;

  EXPECT_EQ(Told(Await(store_->Acquire(request))), "later");
  request.observed_from = SteadyTime::min();
  EXPECT_EQ(Told(Await(store_->Acquire(request))), "1");
}

TEST_F(RedisFleetStoreTest, M18_ABucketThatIsNotKnownIsEmpty) {
  AcquireRequest request = Request(login_);
  request.rate = {seconds(1), seconds(9)};
  const SteadyTime asked = clock_.SteadyNow();

  const SteadyTime turn = FirstTurn(request);

  EXPECT_GE(turn, asked + seconds(1));
  EXPECT_LT(turn, asked + seconds(3));
}

TEST_F(RedisFleetStoreTest, M18_AnotherRateBeginsEmptyWithTheLatestRequest) {
  AcquireRequest request = Request(login_);
  request.rate = {milliseconds(1), microseconds(0)};
  const SteadyTime before = clock_.SteadyNow();
  Grant(request);
  request.rate = {milliseconds(500), seconds(10)};

  const SteadyTime turn = FirstTurn(request);
  EXPECT_GE(turn, before + milliseconds(500));

  // No burst, either.
  Grant(request);
  EXPECT_GE(FirstTurn(request), turn + milliseconds(400));
}

TEST_F(RedisFleetStoreTest, M18_AnotherRateOfABucketThatHasGivenOutNothingBeginsEmptyWithIt) {
  AcquireRequest request = Request(login_);
  request.rate = {milliseconds(1), microseconds(0)};
  const SteadyTime begun = clock_.SteadyNow();
  FirstTurn(request);
  request.rate = {seconds(1), seconds(9)};

  EXPECT_GE(FirstTurn(request), begun + seconds(1));
}

// As while a new configuration reaches one replica after the other.
TEST_F(RedisFleetStoreTest, M18_ReplicasWithDifferentRatesDoNotPutEachOtherOff) {
  AcquireRequest one = Request(login_);
  one.rate = {milliseconds(200), microseconds(0)};
  AcquireRequest two = Request(login_);
  two.rate = {milliseconds(300), milliseconds(600)};
  std::vector<SteadyTime> sent;
  const SteadyTime begun = clock_.SteadyNow();

  while (clock_.SteadyNow() < begun + seconds(3)) {
    for (const AcquireRequest& request : {one, two}) {
      const auto acquired = Await(store_->Acquire(request));
      if (Told(acquired) == "granted") sent.push_back(clock_.SteadyNow());
    }
    RunFor(milliseconds(5));
  }

  // Both ask all the time, so the one that may ask more often does.
  EXPECT_GE(sent.size(), 8U);
  EXPECT_LE(sent.size(), 16U);
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

TEST_F(RedisFleetStoreTest, WhatIsStoredIsToldToAllWhoListen) {
  const auto other = ConnectedStore(server_);
  std::vector<std::string> heard;
  const auto on_news = [&](FleetNews news) {
    const auto* const reading = std::get_if<FleetReading>(&news);
    heard.push_back(reading ? CashOf(reading->reading)
                            : std::get<FleetFailure>(news).error.message);
  };
  const auto first = other->Subscribe(login_, on_news);
  auto second = store_->Subscribe(login_, on_news);
  const auto third = store_->Subscribe(NamesOfKey("other key"), on_news);
  ASSERT_TRUE(Becomes([&] { return other->IsListening() && store_->IsListening(); }));

  Store(Storing(login_, ReadingOf("12.50"), Grant(Request(login_))));
  ASSERT_TRUE(Becomes([&] { return heard.size() == 2; }));
  second.reset();
  ASSERT_TRUE(Becomes([&] { return store_->IsListening(); }));
  Store(Storing(login_, Rejected(), Grant(Request(login_))));

  ASSERT_TRUE(Becomes([&] { return heard.size() == 3; }));
  RunFor(milliseconds(50));
  EXPECT_EQ(heard, (std::vector<std::string>{"12.50", "12.50", "The venue rejects the key."}));
}

TEST_F(RedisFleetStoreTest, AMessageTellsWhoSentTheRequestAndByWhoseLeave) {
  std::vector<std::pair<std::string, bool>> heard;
  const auto listening = store_->Subscribe(login_, [&](FleetNews news) {
    std::visit([&](const auto& each) { heard.emplace_back(each.owner, each.is_from_reserve); },
               news);
  });
  ASSERT_TRUE(Becomes([&] { return store_->IsListening(); }));
  StoreRequest offer = Storing(login_, ReadingOf("1"));
  offer.owner = "a/1";
  EXPECT_EQ(Store(offer), "kept");
  StoreRequest granted = Storing(login_, Rejected(), Grant(Request(login_)));
  granted.owner = "b/2";
  EXPECT_EQ(Store(granted), "kept");

  ASSERT_TRUE(Becomes([&] { return heard.size() == 2; }));
  EXPECT_EQ(heard, (std::vector<std::pair<std::string, bool>>{{"a/1", true}, {"b/2", false}}));
}

TEST_F(RedisFleetStoreTest, AListenerMayLeaveDuringAMessage) {
  std::unique_ptr<FleetStore::Subscription> first;
  std::unique_ptr<FleetStore::Subscription> second;
  int heard = 0;
  const auto on_news = [&](const FleetNews&) {
    ++heard;
    first.reset();
    second.reset();
  };
  first = store_->Subscribe(login_, on_news);
  second = store_->Subscribe(login_, on_news);
  ASSERT_TRUE(Becomes([&] { return store_->IsListening(); }));

  Store(Storing(login_, ReadingOf("1"), Grant(Request(login_))));

  ASSERT_TRUE(Becomes([&] { return heard > 0; }));
  RunFor(milliseconds(50));
  EXPECT_EQ(heard, 1);
}

TEST_F(RedisFleetStoreTest, TheClockOffsetIsKnown) {
  ASSERT_TRUE(store_->ClockOffset());
  EXPECT_LT(std::chrono::abs(*store_->ClockOffset()), seconds(1));
}

// ------------------------------------------------------------------------------------------------
// What lies in Redis and is not what was put there.

class TamperedStoreTest : public RedisFleetStoreTest {
 protected:
  TamperedStoreTest() { Store(Storing(login_, ReadingOf("12.50"), Grant(Request(login_)))); }

  std::string Stored(const std::string& field) const {
    return server_.Command({"HGET", login_.reading, field}).text;
  }

  void Put(const std::string& key, const std::string& field, const std::string& value) const {
    server_.Command({"HSET", key, field, value});
  }

  // A miss is granted a request.
  void ExpectMiss(StoredValueFault fault) {
    EXPECT_EQ(Told(Acquire(AnyReading(login_))), "granted");
    EXPECT_EQ(faults_.faults(), std::vector<StoredValueFault>{fault});
  }
};

TEST_F(TamperedStoreTest, M37_AChangedValueIsAMiss) {
  std::string sealed = Stored("value");
  sealed.back() = static_cast<char>(sealed.back() ^ 1);
  Put(login_.reading, "value", sealed);

  ExpectMiss(StoredValueFault::kNotOpened);
}

TEST_F(TamperedStoreTest, M37_ACutValueIsAMiss) {
  Put(login_.reading, "value", Stored("value").substr(0, 60));

  ExpectMiss(StoredValueFault::kNotOpened);
}

TEST_F(TamperedStoreTest, M37_AnEmptyValueIsAMiss) {
  server_.Command({"HDEL", login_.reading, "value"});

  ExpectMiss(StoredValueFault::kUnknownFormat);
}

TEST_F(TamperedStoreTest, M37_TheValueOfAnotherLoginIsAMiss) {
  const LoginNames other = NamesOfKey("other key");
  Store(Storing(other, ReadingOf("99"), Grant(Request(other))));
  Put(login_.reading, "value", server_.Command({"HGET", other.reading, "value"}).text);

  ExpectMiss(StoredValueFault::kNotOpened);
}

TEST_F(TamperedStoreTest, M37_AnOlderValueUnderANewerTimeIsAMiss) {
  const std::string older = Stored("value");
  Store(Storing(login_, ReadingOf("13"), Grant(Request(login_))));
  ASSERT_NE(Stored("value"), older);
  Put(login_.reading, "value", older);

  ExpectMiss(StoredValueFault::kOtherTime);
}

// Its times are of a clock that may be minutes off this one's.
TEST_F(TamperedStoreTest, M37_AValueOfAnotherRedisUnderTheNameOfThisOneIsAMiss) {
  const RedisServer elsewhere;
  const auto there = ConnectedStore(elsewhere);
  const auto grant = Settled(*there, Request(login_));
  ASSERT_EQ(Told(grant), "granted");
  const StoreRequest reading = Storing(login_, ReadingOf("99"), std::get<Granted>(*grant));
  ASSERT_TRUE(Await(there->Store(reading)));
  for (const char* field : {"observed", "value"}) {
    Put(login_.reading, field, elsewhere.Command({"HGET", login_.reading, field}).text);
  }

  ExpectMiss(StoredValueFault::kOtherTime);
}

// A replica of another sealing key finds one bad value after another.
TEST_F(TamperedStoreTest, M37_BadValuesOneAfterAnotherAreNoFaultOfRedis) {
  class Meddler final : public FleetObserver {
   public:
    explicit Meddler(std::function<void()> meddle) : meddle_(std::move(meddle)) {}
    void OnBadValue(StoredValueFault /*fault*/) override { meddle_(); }

   private:
    const std::function<void()> meddle_;
  };
  Meddler meddler([this] {
    const RedisTime now = TimeOfReply(server_.Command({"TIME"})).value();
    Put(login_.reading, "observed", std::to_string(now.time_since_epoch().count()));
  });
  RedisFleetStore stranger(loop_, clock_, SeededRandom(9), SettingsOf(server_.address()),
                           SealOf('x'), meddler);
  ASSERT_TRUE(Becomes([&] { return stranger.IsUsable(); }));

  EXPECT_EQ(KindOf(Await(stranger.Acquire(AnyReading(login_)))), "BAD_DATA");
  EXPECT_EQ(stranger.health().reason(), std::nullopt);
  EXPECT_TRUE(stranger.IsUsable());
}

TEST_F(TamperedStoreTest, M37_AFailureInThePlaceOfAReadingIsAMiss) {
  Store(Storing(login_, Rejected(), Grant(Request(login_))));
  const std::string failed = Stored("failed");
  Put(login_.reading, "observed", failed);
  Put(login_.reading, "value", Stored("failure"));

  ExpectMiss(StoredValueFault::kMalformed);
}

TEST_F(TamperedStoreTest, M37_AnotherSchemaIsAMiss) {
  // As a later release would write it, if it kept the names.
  std::string plain = EncodeStored(StoredReading{});
  plain[1] = 9;
  const std::string observed = Stored("observed");
  Put(login_.reading, "value", SealOf('k').Close(login_.reading, plain));

  ExpectMiss(StoredValueFault::kOtherSchema);
}

TEST_F(TamperedStoreTest, M37_WhatIsNoMessageIsAMiss) {
  Put(login_.reading, "value", SealOf('k').Close(login_.reading, "\xff"));

  ExpectMiss(StoredValueFault::kMalformed);
}

TEST_F(TamperedStoreTest, M37_AValueOfAnotherSealingKeyIsAMissUnlessItIsThePreviousOne) {
  const auto stranger = ConnectedStore(server_, 'x');
  auto settings = SettingsOf(server_.address());
  RedisFleetStore rotated(loop_, clock_, SeededRandom(9), settings,
                          Seal(SecretOf(std::string(32, 'x')), SecretOf(std::string(32, 'k'))),
                          faults_);
  ASSERT_TRUE(Becomes([&] { return rotated.IsUsable(); }));

  EXPECT_EQ(Told(Settled(rotated, AnyReading(login_))), "12.50");
  EXPECT_TRUE(faults_.faults().empty());
  EXPECT_EQ(Told(Settled(*stranger, AnyReading(login_))), "granted");
  EXPECT_EQ(faults_.faults(), std::vector<StoredValueFault>{StoredValueFault::kNotOpened});
}

TEST_F(TamperedStoreTest, M37_AMessageThatIsNotSealedReachesNobody) {
  int heard = 0;
  const auto listening = store_->Subscribe(login_, [&](const FleetNews&) { ++heard; });
  ASSERT_TRUE(Becomes([&] { return store_->IsListening(); }));
  const std::string sealed = Stored("value");

  server_.Command({"PUBLISH", login_.channel, "garbage"});
  server_.Command({"PUBLISH", login_.channel, SealOf('x').Close(login_.reading, "x")});
  server_.Command({"PUBLISH", login_.channel, sealed});

  ASSERT_TRUE(Becomes([&] { return heard > 0; }));
  EXPECT_EQ(heard, 1);
  EXPECT_EQ(faults_.faults().size(), 2U);
}

TEST_F(TamperedStoreTest, M37_APauseWhoseReasonCannotBeReadHoldsAllTheSame) {
  RateNews news{.login = login_};
  news.pause = minutes(1);
  ASSERT_TRUE(Await(store_->Rate(news)));
  Put(login_.pause, "why", "garbage");

  const auto held = Acquire(Request(login_));

  ASSERT_EQ(Told(held), "held off");
  EXPECT_FALSE(std::get<HeldOff>(*held).because);
  EXPECT_EQ(faults_.faults().size(), 1U);
}

// Four times, as three failures would take Redis from every login.
TEST_F(TamperedStoreTest, M37_AKeyOfAnotherTypeIsMendedAndNobodyElsesTrouble) {
  const LoginNames healthy = NamesOfKey("healthy key");
  for (const std::string& key : {login_.reading, login_.lease, login_.bucket, login_.pause,
                                 login_.hold_off, std::string(kClockKey)}) {
    server_.Command({"DEL", key});
    server_.Command({"SET", key, "12.50"});

    EXPECT_EQ(Told(Acquire(Request(login_))), "granted") << key;
    EXPECT_EQ(Told(Acquire(Request(healthy))), "granted") << key;
  }

  EXPECT_EQ(faults_.faults(), std::vector<StoredValueFault>(6, StoredValueFault::kForeign));
  EXPECT_EQ(store_->health().times_opened(), 0U);
  EXPECT_EQ(store_->health().reason(), std::nullopt);
}

TEST_F(TamperedStoreTest, M37_WhatIsToBeKeptTakesThePlaceOfAKeyOfAnotherType) {
  const Granted grant = Grant(Request(login_));
  for (const std::string& key : {login_.reading, login_.lease, login_.pause, login_.hold_off}) {
    server_.Command({"DEL", key});
    server_.Command({"RPUSH", key, "1"});
  }
  RateNews news{.login = login_};
  news.interval = news.lasting = minutes(1);

  EXPECT_EQ(Store(Storing(login_, ReadingOf("7"), grant)), "kept");
  EXPECT_EQ(Told(Acquire(AnyReading(login_))), "7");
  server_.Command({"SET", login_.bucket, "1"});
  EXPECT_TRUE(Await(store_->Rate(news)));
  news.pause = news.hold_off = minutes(1);
  EXPECT_TRUE(Await(store_->Rate(news)));
  EXPECT_EQ(Told(Acquire(Request(login_))), "held off");

  EXPECT_EQ(faults_.faults(), std::vector<StoredValueFault>(3, StoredValueFault::kForeign));
  EXPECT_EQ(store_->health().reason(), std::nullopt);
}

TEST_F(TamperedStoreTest, M37_FieldsThatAreNoNumbersAreMissing) {
  const LoginNames healthy = NamesOfKey("healthy key");
  for (const char* bad : {"", "x", "nan", "inf", "-1", "1e300"}) {
    Put(login_.reading, "observed", bad);
    Put(login_.reading, "failed", bad);
    for (const std::string& key : {login_.lease, login_.pause, login_.hold_off}) {
      Put(key, "since", bad);
      Put(key, "until", bad);
    }
    for (const char* field : {"at", "next", "sent", "slow", "slow_since", "slow_until"}) {
      Put(login_.bucket, field, bad);
    }

    EXPECT_EQ(Told(Acquire(Request(login_))), "granted") << bad;
    EXPECT_EQ(Told(Acquire(Request(healthy))), "granted") << bad;
  }
  EXPECT_GE(faults_.faults().size(), 6U);
  EXPECT_EQ(store_->health().reason(), std::nullopt);
}

// Larger than any answer of Redis may be, which would end the connection for all.
TEST_F(TamperedStoreTest, M37_AHugeValueIsAMissAndNobodyElsesTrouble) {
  const LoginNames healthy = NamesOfKey("healthy key");
  const std::string huge(std::size_t{2} << 20, 'x');
  Put(login_.reading, "value", huge);
  Put(login_.reading, "failed", Stored("observed"));
  Put(login_.reading, "failure", huge);
  AcquireRequest any = AnyReading(login_);
  any.failed_from = clock_.SteadyNow() - minutes(1);

  EXPECT_EQ(Told(Acquire(any)), "granted");
  EXPECT_EQ(Told(Acquire(Request(healthy))), "granted");
  EXPECT_FALSE(faults_.faults().empty());
  EXPECT_EQ(store_->health().reason(), std::nullopt);
}

TEST_F(TamperedStoreTest, M37_ABucketThatLacksAFieldBeginsAnew) {
  Grant(Request(login_));
  server_.Command({"HDEL", login_.bucket, "at"});

  EXPECT_EQ(Told(Acquire(Request(login_))), "granted");

  EXPECT_EQ(faults_.faults(), std::vector<StoredValueFault>{StoredValueFault::kForeign});
}

// The clock of Redis is set back: what is of the future then must not stand in the way.
class SetBackClockTest : public RedisFleetStoreTest {
 protected:
  std::string Ahead(Duration by) const {
    const auto time =
        TimeOfReply(server_.Command({"TIME"})).value() + std::chrono::floor<microseconds>(by);
    return std::to_string(time.time_since_epoch().count());
  }
  void Put(const std::string& key, const std::string& field, const std::string& value) const {
    server_.Command({"HSET", key, field, value});
  }
};

TEST_F(SetBackClockTest, AReadingOfTheFutureIsReplaced) {
  Store(Storing(login_, ReadingOf("1"), Grant(Request(login_))));
  Put(login_.reading, "observed", Ahead(minutes(10)));

  EXPECT_EQ(Told(Acquire(AnyReading(login_))), "granted");
  EXPECT_EQ(Store(Storing(login_, ReadingOf("2"), Grant(Request(login_, "owner")))), "kept");
  EXPECT_EQ(Told(Acquire(AnyReading(login_))), "2");
}

// It was observed when the clock was ahead, and the clock has been there again.
TEST_F(SetBackClockTest, AReadingThatWasWrittenInTheFutureIsReplaced) {
  Store(Storing(login_, ReadingOf("1"), Grant(Request(login_))));
  Put(login_.reading, "at", Ahead(minutes(10)));

  EXPECT_EQ(Told(Acquire(AnyReading(login_))), "granted");
  Reading older = ReadingOf("2");
  older.observe_steady = clock_.SteadyNow() - minutes(1);
  EXPECT_EQ(Store(Storing(login_, older)), "kept");
  EXPECT_EQ(Told(Acquire(AnyReading(login_))), "2");
}

TEST_F(SetBackClockTest, ALeaseOrPauseOfTheFutureHoldsNobody) {
  for (const std::string& key : {login_.lease, login_.pause, login_.hold_off}) {
    Put(key, "since", Ahead(minutes(10)));
    Put(key, "until", Ahead(minutes(11)));
  }
  Put(login_.lease, "owner", "somebody");

  EXPECT_EQ(Told(Acquire(Request(login_))), "granted");
}

TEST_F(SetBackClockTest, M18_ABucketOfTheFutureIsEmptyAndNoBarrier) {
  AcquireRequest request = Request(login_);
  request.rate = {milliseconds(300), milliseconds(900)};
  Grant(request);
  Put(login_.bucket, "at", Ahead(minutes(10)));
  Put(login_.bucket, "next", Ahead(minutes(10)));
  Put(login_.bucket, "sent", Ahead(minutes(10)));
  const SteadyTime asked = clock_.SteadyNow();

  const SteadyTime turn = FirstTurn(request);

  EXPECT_GE(turn, asked + milliseconds(300));
  EXPECT_LT(turn, asked + seconds(5));
}

TEST_F(SetBackClockTest, WhatWasSentInTheFutureIsNotKept) {
  Granted grant = Grant(Request(login_));
  grant.observed += minutes(10);

  EXPECT_EQ(Store(Storing(login_, ReadingOf("1"), grant)), "ahead");
  EXPECT_EQ(Told(Acquire(Request(login_, "other"))), "granted");
}

}  // namespace
}  // namespace balance
