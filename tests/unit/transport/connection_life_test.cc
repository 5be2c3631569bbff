#include "service/transport/connection_life.h"

#include <gtest/gtest.h>

#include "service/transport/ping_strikes.h"

namespace balance {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Due = ConnectionLife::Due;
using Phase = ConnectionLife::Phase;

class ConnectionLifeTest : public testing::Test {
 protected:
  // Ages at exactly limits_.age.
  static constexpr double kMiddle = 0.5;
  static constexpr ConnectionLife::Calls kNoCalls{};
  static constexpr ConnectionLife::Calls kCalls{.are_open = true, .are_lasting = false};
  static constexpr ConnectionLife::Calls kStreams{.are_open = true, .are_lasting = true};

  SteadyTime After(Duration time) const { return begin_ + time; }
  // What is due then, and nothing a millisecond before.
  Due FirstDue(Duration time, ConnectionLife::Calls calls) const {
    EXPECT_EQ(life_.Next(After(time - milliseconds(1)), calls).due, Due::kNothing);
    return life_.Next(After(time), calls).due;
  }

  const SteadyTime begin_{std::chrono::hours(1)};
  TransportLimits limits_;
  ConnectionLife life_{limits_, begin_, kMiddle};
};

TEST_F(ConnectionLifeTest, WithoutAHelloItIsClosed) {
  EXPECT_EQ(FirstDue(limits_.hello, kNoCalls), Due::kClose);
  EXPECT_EQ(life_.Next(After(limits_.hello), kNoCalls).why, ConnectionEnd::kHelloTimeout);
}

TEST_F(ConnectionLifeTest, OneThatIsToBeDrainedBeforeItsHelloIsDrainedThenOrClosedSoon) {
  EXPECT_FALSE(life_.Drain(ConnectionEnd::kDrain, begin_));
  EXPECT_EQ(FirstDue(seconds(2), kNoCalls), Due::kClose);

  EXPECT_TRUE(life_.OnHello());
  EXPECT_TRUE(life_.Drain(life_.why(), begin_));
  EXPECT_EQ(life_.phase(), Phase::kNoticed);
  EXPECT_EQ(life_.why(), ConnectionEnd::kDrain);
}

TEST_F(ConnectionLifeTest, ASilentPeerIsAskedOnceAndThenHungUpOn) {
  EXPECT_FALSE(life_.OnHello());

  EXPECT_EQ(FirstDue(limits_.keepalive, kCalls), Due::kPing);
  life_.OnPingSent(After(limits_.keepalive));
  EXPECT_EQ(FirstDue(limits_.keepalive + limits_.keepalive_timeout, kCalls), Due::kClose);

  life_.OnHeard(After(limits_.keepalive + seconds(1)));
  EXPECT_EQ(FirstDue(2 * limits_.keepalive + seconds(1), kCalls), Due::kPing);
}

TEST_F(ConnectionLifeTest, AtItsAgeItWaitsForAQuietMomentButNotForLong) {
  life_.OnHello();
  life_.OnHeard(After(limits_.age));
  life_.OnTraffic(After(limits_.age));

  EXPECT_EQ(FirstDue(limits_.age + limits_.age_quiet, kNoCalls), Due::kDrain);
  EXPECT_EQ(FirstDue(limits_.age + limits_.age_waits_for_quiet, kCalls), Due::kDrain);
  EXPECT_TRUE(life_.IsLate(After(limits_.age + limits_.age_waits_for_quiet)));
}

TEST_F(ConnectionLifeTest, TheLastCallIsNamedOnceThePeerKnows) {
  life_.OnHello();
  ASSERT_TRUE(life_.Drain(ConnectionEnd::kDrain, begin_));
  EXPECT_FALSE(life_.Drain(ConnectionEnd::kAge, begin_));
  EXPECT_EQ(FirstDue(seconds(2), kCalls), Due::kLastCall);

  life_.OnPong(After(milliseconds(100)));

  EXPECT_EQ(FirstDue(milliseconds(350), kCalls), Due::kLastCall);
  life_.End(life_.why(), After(milliseconds(350)));
  EXPECT_EQ(FirstDue(milliseconds(350) + seconds(1), kNoCalls), Due::kClose);
  EXPECT_EQ(FirstDue(milliseconds(350) + limits_.grace, kCalls), Due::kClose);
}

TEST_F(ConnectionLifeTest, StreamsThatEndThemselvesAreWaitedForAtItsAgeAlone) {
  life_.OnHello();
  life_.Drain(ConnectionEnd::kAge, begin_);
  life_.End(ConnectionEnd::kAge, begin_);
  EXPECT_EQ(life_.Next(After(10 * limits_.grace), kStreams).due, Due::kNothing);

  life_.End(ConnectionEnd::kDrain, begin_);
  EXPECT_EQ(life_.Next(After(limits_.grace), kStreams).due, Due::kClose);
}

TEST(PingStrikesTest, PingsThatComeTooEarlyAreStrikesUntilThereIsTraffic) {
  const TransportLimits limits;
  PingStrikes strikes(limits);
  SteadyTime now{};
  EXPECT_TRUE(strikes.OnPing(now));
  for (int i = 0; i < limits.ping_strikes; ++i) EXPECT_TRUE(strikes.OnPing(now));
  EXPECT_FALSE(strikes.OnPing(now));
  EXPECT_TRUE(strikes.OnPing(now + limits.peer_ping_interval));
  EXPECT_FALSE(strikes.OnPing(now + limits.peer_ping_interval));

  strikes.OnTraffic();

  EXPECT_TRUE(strikes.OnPing(now + limits.peer_ping_interval));
}

}  // namespace
}  // namespace balance
