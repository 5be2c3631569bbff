// What lies in Redis and is not what was put there.

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "clients/redis/reading_codec.h"
#include "tests/redis/fleet_store_fixture.h"

namespace balance {
namespace {

using std::chrono::minutes;

class TamperedStoreTest : public FleetStoreTest {
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

// Callers are shown who has a lease, and a text that is no UTF-8 breaks the whole answer.
TEST_F(TamperedStoreTest, M37_AnOwnerThatCanBeNonesNameIsNotShown) {
  Grant(Request(login_, "one"));
  for (const std::string& forged :
       {std::string("\xff/1"), std::string("\x1b[2J"), std::string(1000, 'x'), std::string()}) {
    Put(login_.lease, "owner", forged);

    const auto acquired = Acquire(Request(login_, "two"));

    ASSERT_EQ(Told(acquired), "busy");
    EXPECT_EQ(std::get<LeaseBusy>(*acquired).owner, "");
  }
  EXPECT_EQ(faults_.faults(), std::vector<StoredValueFault>(4, StoredValueFault::kForeign));
  Put(login_.lease, "owner", "replica/7");
  EXPECT_EQ(std::get<LeaseBusy>(*Acquire(Request(login_, "two"))).owner, "replica/7");
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

}  // namespace
}  // namespace balance
