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
  PathState Probe() const { return path_.Probe(Time()); }
  Now Time() const { return {clock_.WallNow(), clock_.SteadyNow()}; }

  boost::asio::io_context loop_;
  FakeClock clock_;
  const std::shared_ptr<HostBreaker> host_ = std::make_shared<HostBreaker>([] { return 0.5; });
  const SourceGuards guards_{
      {std::make_shared<Pacer>(loop_.get_executor(), clock_, RateSettings{5, 2}),
       std::make_shared<HoldOff>(seconds(60), std::chrono::minutes(15))},
      {std::make_shared<LoginBreaker>(host_, [] { return 0.5; }), std::make_shared<RetryBudget>()},
      {host_, std::make_shared<ClockSkew>(clock_)}};
  const std::shared_ptr<HoldOff> account_ = MakeAccountHoldOff();
  const UpstreamPath path_{guards_, account_};
};

TEST_F(UpstreamPathTest, AFreshPathIsClear) {
  const PathState state = Probe();

  EXPECT_EQ(state.breaker, BreakerState::kClosed);
  EXPECT_FALSE(state.hold_off_until);
  EXPECT_FALSE(state.blocked_until);
  EXPECT_FALSE(state.clock_skew);
  EXPECT_FALSE(state.is_forbidden);
}

TEST_F(UpstreamPathTest, TheCredentialOfBeforeDoesNotStandInForAMissingAccount) {
  const auto rotation = std::make_shared<Rotation>();
  const UpstreamPath path{guards_, account_, rotation};
  rotation->NotePrevious(true);
  EXPECT_TRUE(path.Probe(Time()).uses_previous_credential);

  account_->OnRejected(Time(), {ErrorKind::kAccountMissing, "no account"});

  EXPECT_FALSE(path.Probe(Time()).uses_previous_credential);
  EXPECT_TRUE(path.Probe(Time()).hold_off_until);
}

TEST_F(UpstreamPathTest, EachGuardIsSeenUntilItEnds) {
  const SteadyTime now = clock_.SteadyNow();
  guards_.credential.hold_off->OnRejected(Time(), {ErrorKind::kForbidden, "no"});
  guards_.credential.pacer->OnRateLimited({ErrorKind::kRateLimited, "slow down", seconds(7)});
  guards_.login.breaker->Admit(now)->Failed(Time(), {ErrorKind::kReplyInvalid, "no balance"});
  EXPECT_EQ(Probe().hold_off_until, now + seconds(60));
  EXPECT_EQ(Probe().blocked_until, now + seconds(7));
  EXPECT_EQ(Probe().breaker, BreakerState::kOpen);

  clock_.Advance(seconds(5));
  EXPECT_EQ(Probe().breaker, BreakerState::kHalfOpen);
  EXPECT_TRUE(Probe().is_forbidden);
  clock_.Advance(seconds(55));

  EXPECT_FALSE(Probe().hold_off_until);
  EXPECT_FALSE(Probe().blocked_until);
  EXPECT_FALSE(Probe().is_forbidden);
}

TEST_F(UpstreamPathTest, EachGuardAloneForbidsRequests) {
  const SteadyTime now = clock_.SteadyNow();
  account_->OnRejected(Time(), {ErrorKind::kAccountMissing, "no account"});
  EXPECT_TRUE(Probe().is_forbidden);
  account_->Clear();
  guards_.credential.hold_off->OnRejected(Time(), {ErrorKind::kForbidden, "no"});
  EXPECT_TRUE(Probe().is_forbidden);
  guards_.credential.hold_off->Clear();
  EXPECT_FALSE(Probe().is_forbidden);
  guards_.login.breaker->Admit(now)->Failed(Time(), {ErrorKind::kReplyInvalid, "no balance"});
  EXPECT_TRUE(Probe().is_forbidden);

  clock_.Advance(seconds(5));
  EXPECT_FALSE(Probe().is_forbidden);
  const auto probe = guards_.login.breaker->Admit(clock_.SteadyNow());
  EXPECT_TRUE(Probe().is_forbidden);
}

TEST_F(UpstreamPathTest, AMissingAccountHoldsOffItsOwnSource) {
  const SteadyTime now = clock_.SteadyNow();
  account_->OnRejected(Time(), {ErrorKind::kAccountMissing, "no account"});
  EXPECT_EQ(Probe().hold_off_until, now + seconds(30));
  EXPECT_FALSE(UpstreamPath(guards_).Probe(Time()).hold_off_until);

  guards_.credential.hold_off->OnRejected(Time(), {ErrorKind::kForbidden, "no"});

  EXPECT_EQ(Probe().hold_off_until, now + seconds(60));
}

TEST_F(UpstreamPathTest, TheSkewIsThatOfTheVenuesClockMinusOurs) {
  const WallTime sent = std::chrono::floor<seconds>(clock_.WallNow());
  guards_.host.clock_skew->Observe(sent + seconds(45), sent, sent + milliseconds(1000));

  EXPECT_EQ(Probe().clock_skew, seconds(45));
}

}  // namespace
}  // namespace balance
