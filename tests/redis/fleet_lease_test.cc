// Leases: one replica at a time reads a login.

#include <gtest/gtest.h>

#include <variant>

#include "tests/redis/fleet_store_fixture.h"

namespace balance {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class FleetLeaseTest : public FleetStoreTest {};

TEST_F(FleetLeaseTest, OneAtATimeFetches) {
  const Granted grant = Grant(Request(login_, "one"));

  const auto other = Acquire(Request(login_, "two"));

  ASSERT_EQ(Told(other), "busy");
  EXPECT_LT(std::chrono::abs(std::get<LeaseBusy>(*other).lease_end - grant.lease_end), seconds(1));
  EXPECT_GT(grant.lease_end, clock_.SteadyNow() + seconds(25));
}

TEST_F(FleetLeaseTest, ALeaseEndsWithWhatTheRequestBrought) {
  for (const auto& result :
       {std::variant<Reading, Error>(ReadingOf("1")), std::variant<Reading, Error>(Rejected())}) {
    const Granted grant = Grant(Request(login_, "one"));
    EXPECT_EQ(Store(Storing(login_, result, grant)), "kept");
  }

  EXPECT_EQ(Told(Acquire(Request(login_, "two"))), "granted");
}

TEST_F(FleetLeaseTest, ALeaseThatIsNotNeededIsGivenBack) {
  const Granted grant = Grant(Request(login_, "one"));
  const Granted other = Grant(Request(NamesOfKey("other key"), "one"));

  ASSERT_TRUE(Await(store_->Release(login_, other)));
  EXPECT_EQ(Told(Acquire(Request(login_, "two"))), "busy");
  ASSERT_TRUE(Await(store_->Release(login_, grant)));

  EXPECT_EQ(Told(Acquire(Request(login_, "two"))), "granted");
}

TEST_F(FleetLeaseTest, WhoLostAnAnswerIsGrantedAnew) {
  const Granted lost = Grant(Request(login_, "one"));
  const Granted again = Grant(Request(login_, "one"));

  EXPECT_NE(again.token, lost.token);
}

TEST_F(FleetLeaseTest, M38_ALeaseWhoseHolderDiedEndsByItself) {
  AcquireRequest request = Request(login_, "dead");
  request.lease = milliseconds(200);
  Grant(request);

  EXPECT_EQ(Told(Acquire(Request(login_, "two"))), "busy");
  EXPECT_TRUE(
      Becomes([&] { return Told(Acquire(Request(login_, "two"))) == "granted"; }, seconds(5)));
}

TEST_F(FleetLeaseTest, M39_WhatALateHolderBringsIsKeptOnlyIfItIsNewer) {
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

}  // namespace
}  // namespace balance
