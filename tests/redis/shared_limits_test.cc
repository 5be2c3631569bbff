// Pauses, hold-offs, rates and the turns that follow from them.

#include <gtest/gtest.h>

#include <string>
#include <variant>
#include <vector>

#include "tests/redis/fleet_store_fixture.h"

namespace balance {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

class SharedLimitsTest : public FleetStoreTest {};

TEST_F(SharedLimitsTest, AReasonThatIsTooLargeIsLeftOut) {
  RateNews news{.login = login_};
  news.pause = minutes(1);
  news.because = {ErrorKind::kRateLimited, std::string(std::size_t{2} << 20, 'x')};
  ASSERT_TRUE(Await(store_->Rate(news)));

  EXPECT_EQ(Told(Acquire(Request(login_))), "held off");
}

TEST_F(SharedLimitsTest, APauseHoldsOffEverySecretOfTheLogin) {
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

TEST_F(SharedLimitsTest, ARejectedSecretHoldsOffItselfOnly) {
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

TEST_F(SharedLimitsTest, ASecretThatIsGoodAgainIsHeldOffNoMore) {
  RateNews rejected{.login = login_};
  rejected.hold_off = minutes(1);
  rejected.because = Rejected();
  ASSERT_TRUE(Await(store_->Rate(rejected)));
  RateNews accepted{.login = login_};
  accepted.is_accepted = true;
  ASSERT_TRUE(Await(store_->Rate(accepted)));

  EXPECT_EQ(Told(Acquire(Request(login_))), "granted");
}

TEST_F(SharedLimitsTest, AShorterPauseDoesNotEndALongerOne) {
  RateNews news{.login = login_};
  news.because = {ErrorKind::kRateLimited, "The venue asks for a pause."};
  news.pause = minutes(5);
  ASSERT_TRUE(Await(store_->Rate(news)));
  news.pause = milliseconds(1);
  ASSERT_TRUE(Await(store_->Rate(news)));
  RunFor(milliseconds(20));

  EXPECT_EQ(Told(Acquire(Request(login_))), "held off");
}

TEST_F(SharedLimitsTest, APauseEndsByItself) {
  RateNews news{.login = login_};
  news.because = {ErrorKind::kRateLimited, "The venue asks for a pause."};
  news.pause = milliseconds(100);
  ASSERT_TRUE(Await(store_->Rate(news)));

  EXPECT_EQ(Told(Acquire(Request(login_))), "held off");
  EXPECT_TRUE(Becomes([&] { return Told(Acquire(Request(login_))) == "granted"; }, seconds(5)));
}

TEST_F(SharedLimitsTest, ASlowerRateOfOneReplicaIsThatOfAll) {
  Grant(Request(login_));
  RateNews news{.login = login_};
  news.interval = hours(1);
  news.lasting = hours(2);
  ASSERT_TRUE(Await(store_->Rate(news)));

  EXPECT_GT(FirstTurn(Request(login_)), clock_.SteadyNow() + minutes(50));
}

TEST_F(SharedLimitsTest, AShorterSlowDownDoesNotLengthenALongerOne) {
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

TEST_F(SharedLimitsTest, NothingIsGrantedBeforeTheTimeThatIsWanted) {
  AcquireRequest request = Request(login_);
  Grant(request);
  const SteadyTime now = clock_.SteadyNow();
  request.observed_from_redis =
      ToRedisTime(clock_.WallNow() + *store_->ClockOffset() + milliseconds(500));

  const SteadyTime turn = FirstTurn(request);

  EXPECT_GE(turn, now + milliseconds(450));
  EXPECT_LE(turn, now + seconds(5));
}

TEST_F(SharedLimitsTest, TheLeastTimeBetweenTwoRequestsHoldsOverTheFleet) {
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

TEST_F(SharedLimitsTest, WhoAsksInVainDoesNotPutItOff) {
  AcquireRequest request = Request(login_);
  request.rate = {seconds(2), microseconds(0)};

  const SteadyTime first = FirstTurn(request);
  RunFor(milliseconds(100));
  const SteadyTime second = FirstTurn(request);

  EXPECT_LT(std::chrono::abs(second - first), milliseconds(100));
  EXPECT_EQ(Told(Acquire(request)), "granted");
  EXPECT_GE(clock_.SteadyNow(), first - milliseconds(100));
}

TEST_F(SharedLimitsTest, WhoMaySendNothingTakesNoTurn) {
  Grant(Request(login_, "one"));
  Store(Storing(login_, ReadingOf("1"), Grant(Request(login_, "one"))));
  AcquireRequest request = Request(login_, "two");
  request.may_send = false;

  EXPECT_EQ(Told(Await(store_->Acquire(request))), "later");
  request.observed_from = SteadyTime::min();
  EXPECT_EQ(Told(Await(store_->Acquire(request))), "1");
}

TEST_F(SharedLimitsTest, M18_ABucketThatIsNotKnownIsEmpty) {
  AcquireRequest request = Request(login_);
  request.rate = {seconds(1), seconds(9)};
  const SteadyTime asked = clock_.SteadyNow();

  const SteadyTime turn = FirstTurn(request);

  EXPECT_GE(turn, asked + seconds(1));
  EXPECT_LT(turn, asked + seconds(3));
}

TEST_F(SharedLimitsTest, M18_AnotherRateBeginsEmptyWithTheLatestRequest) {
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

TEST_F(SharedLimitsTest, M18_AnotherRateOfABucketThatHasGivenOutNothingBeginsEmptyWithIt) {
  AcquireRequest request = Request(login_);
  request.rate = {milliseconds(1), microseconds(0)};
  const SteadyTime begun = clock_.SteadyNow();
  FirstTurn(request);
  request.rate = {seconds(1), seconds(9)};

  EXPECT_GE(FirstTurn(request), begun + seconds(1));
}

// As while a new configuration reaches one replica after the other.
TEST_F(SharedLimitsTest, M18_ReplicasWithDifferentRatesDoNotPutEachOtherOff) {
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

}  // namespace
}  // namespace balance
