#include "clients/resilience/upstream_path.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include "clients/resilience/hold_off_source.h"
#include "tests/support/fake_clock.h"

namespace balance {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class UpstreamPathTest : public testing::Test {
 protected:
  PathState Probe() const { return path_.Probe(clock_.SteadyNow()); }

  boost::asio::io_context loop_;
  FakeClock clock_;
  CredentialGuards credential_{
      std::make_shared<Pacer>(loop_.get_executor(), clock_, RateSettings{5, 2}),
      std::make_shared<HoldOff>(seconds(60), std::chrono::minutes(15))};
  HostGuards host_{std::make_shared<Breaker>([] { return 0.5; }), std::make_shared<RetryBudget>(),
                   std::make_shared<ClockSkew>()};
  std::shared_ptr<HoldOff> account_ = MakeAccountHoldOff();
  UpstreamPath path_{credential_, host_, account_};
};

TEST_F(UpstreamPathTest, AFreshPathIsClear) {
  const PathState state = Probe();

  EXPECT_EQ(state.breaker, BreakerState::kClosed);
  EXPECT_FALSE(state.hold_off_until);
  EXPECT_FALSE(state.blocked_until);
  EXPECT_FALSE(state.clock_skew);
}

TEST_F(UpstreamPathTest, EachGuardIsSeenUntilItEnds) {
  const SteadyTime now = clock_.SteadyNow();
  credential_.hold_off->OnRejected(now, {ErrorKind::kForbidden, "no"});
  credential_.pacer->OnRateLimited({ErrorKind::kRateLimited, "slow down", seconds(7)});
  for (int i = 0; i < 5; ++i) {
    host_.breaker->Admit(now)->Failed(now, {ErrorKind::kUnreachable, "down"}, false);
  }
  EXPECT_EQ(Probe().hold_off_until, now + seconds(60));
  EXPECT_EQ(Probe().blocked_until, now + seconds(7));
  EXPECT_EQ(Probe().breaker, BreakerState::kOpen);

  clock_.Advance(seconds(5));
  EXPECT_EQ(Probe().breaker, BreakerState::kHalfOpen);
  clock_.Advance(seconds(55));

  EXPECT_FALSE(Probe().hold_off_until);
  EXPECT_FALSE(Probe().blocked_until);
}

TEST_F(UpstreamPathTest, AMissingAccountHoldsOffItsOwnSource) {
  const SteadyTime now = clock_.SteadyNow();
  account_->OnRejected(now, {ErrorKind::kAccountMissing, "no account"});
  EXPECT_EQ(Probe().hold_off_until, now + seconds(30));
  EXPECT_FALSE(UpstreamPath(credential_, host_).Probe(now).hold_off_until);

  credential_.hold_off->OnRejected(now, {ErrorKind::kForbidden, "no"});

  EXPECT_EQ(Probe().hold_off_until, now + seconds(60));
}

TEST_F(UpstreamPathTest, TheSkewIsThatOfTheVenuesClockMinusOurs) {
  const WallTime sent = std::chrono::floor<seconds>(clock_.WallNow());
  host_.clock_skew->Observe(sent + seconds(45), sent, sent + milliseconds(1000));

  EXPECT_EQ(Probe().clock_skew, seconds(45));
}

}  // namespace
}  // namespace balance
