// The clock of Redis is set back: what is of the future then must not stand in the way.

#include <gtest/gtest.h>

#include <string>

#include "tests/redis/fleet_store_fixture.h"

namespace balance {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

class SetBackClockTest : public FleetStoreTest {
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
