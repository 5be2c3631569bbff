#include "service/observe/redis_standing.h"

#include <gtest/gtest.h>

#include "tests/support/fake_clock.h"

namespace balance {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class RedisStandingTest : public testing::Test {
 protected:
  RedisStandingTest() { health_.OnConnected(); }

  void Fail() {
    health_.OnFailure(clock_.SteadyNow(), {RedisErrorKind::kFull, "it is full"});
    standing_.OnOperation(FleetOperation::kAcquire, "FULL");
  }

  bool IsOfUse() { return standing_.IsOfUse(health_); }

  FakeClock clock_;
  FleetMonitor nobody_;
  RedisHealth health_{[] { return 0.5; }};
  RedisStanding standing_{nobody_, clock_};
};

TEST_F(RedisStandingTest, ARedisThatRefusesAllButProbesStaysAway) {
  EXPECT_TRUE(IsOfUse());
  for (int i = 0; i < 3; ++i) Fail();
  EXPECT_FALSE(IsOfUse());

  for (int i = 0; i < 120; ++i) {
    clock_.Advance(milliseconds(250));
    if (i % 4 == 0) health_.OnProbeSuccess(clock_.SteadyNow());
    EXPECT_FALSE(IsOfUse());
    EXPECT_EQ(standing_.reason(), "it is full");
    standing_.OnOperation(FleetOperation::kRelease, kOtherOutcome);
    standing_.OnOperation(FleetOperation::kAcquire, "READING");
    if (i % 4 == 1) Fail();
  }
}

TEST_F(RedisStandingTest, WhatWasWrittenIsProofEnough) {
  for (int i = 0; i < 3; ++i) Fail();
  EXPECT_FALSE(IsOfUse());
  health_.OnProbeSuccess(clock_.SteadyNow());
  EXPECT_FALSE(IsOfUse());

  standing_.OnOperation(FleetOperation::kAcquire, "GRANTED");

  EXPECT_TRUE(IsOfUse());
  EXPECT_EQ(standing_.reason(), "");
}

TEST_F(RedisStandingTest, WhereNothingIsWrittenTenSecondsWithoutAFailureAre) {
  for (int i = 0; i < 3; ++i) Fail();
  health_.OnProbeSuccess(clock_.SteadyNow());
  clock_.Advance(milliseconds(9999));
  EXPECT_FALSE(IsOfUse());

  clock_.Advance(milliseconds(1));

  EXPECT_TRUE(IsOfUse());
}

TEST_F(RedisStandingTest, OfOneThatWasSlowAnAnswerToWhatFailedIsProofEnough) {
  for (const auto operation : {FleetOperation::kAcquire, FleetOperation::kStore}) {
    for (int i = 0; i < 3; ++i) {
      health_.OnFailure(clock_.SteadyNow(), {RedisErrorKind::kTimedOut, "it is slow"});
      standing_.OnOperation(operation, "TIMED_OUT");
    }
    health_.OnProbeSuccess(clock_.SteadyNow());
    EXPECT_FALSE(IsOfUse());

    health_.OnSuccess();
    standing_.OnOperation(operation, operation == FleetOperation::kStore ? "OLDER" : "READING");

    EXPECT_TRUE(IsOfUse());
  }
}

TEST_F(RedisStandingTest, WhatIsQuickWhereAcquiringIsSlowIsNoProof) {
  for (int i = 0; i < 120; ++i) {
    clock_.Advance(milliseconds(250));
    health_.OnFailure(clock_.SteadyNow(), {RedisErrorKind::kTimedOut, "it drips"});
    standing_.OnOperation(FleetOperation::kAcquire, "TIMED_OUT");
    health_.OnProbeSuccess(clock_.SteadyNow());
    standing_.OnOperation(FleetOperation::kStore, "KEPT");
    standing_.OnOperation(FleetOperation::kRelease, kOtherOutcome);
    EXPECT_EQ(IsOfUse(), i < 2) << i;
  }
}

TEST_F(RedisStandingTest, OfOneThatWasAReplicaTheNextConnectionIsProofEnough) {
  for (int i = 0; i < 3; ++i) {
    health_.OnFailure(clock_.SteadyNow(), {RedisErrorKind::kReplica, "it is a replica"});
    standing_.OnOperation(FleetOperation::kAcquire, "REPLICA");
    health_.OnDisconnected();
    EXPECT_FALSE(IsOfUse());
  }

  health_.OnConnected();
  health_.OnProbeSuccess(clock_.SteadyNow());

  EXPECT_TRUE(IsOfUse());
}

TEST_F(RedisStandingTest, OneFailureIsNoDoubt) {
  Fail();
  EXPECT_TRUE(IsOfUse());
}

TEST_F(RedisStandingTest, ANewConnectionIsOfUseAtOnce) {
  for (int i = 0; i < 3; ++i) {
    health_.OnFailure(clock_.SteadyNow(), {RedisErrorKind::kUnreachable, "it is gone"});
    standing_.OnOperation(FleetOperation::kAcquire, "UNREACHABLE");
  }
  health_.OnDisconnected();
  EXPECT_FALSE(IsOfUse());
  EXPECT_EQ(standing_.reason(), "it is gone");

  health_.OnConnected();
  health_.OnProbeSuccess(clock_.SteadyNow());

  EXPECT_TRUE(IsOfUse());
}

}  // namespace
}  // namespace balance
