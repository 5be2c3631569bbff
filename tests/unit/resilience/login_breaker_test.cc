#include "clients/resilience/login_breaker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "tests/support/fake_clock.h"

namespace balance {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// Logins at one host. Chance is one half: no jitter.
class LoginBreakerTest : public testing::Test {
 protected:
  static Error Refused() {
    Error error{ErrorKind::kUnreachable, "refused"};
    error.is_transient = true;
    error.is_connect_failure = true;
    return error;
  }

  static Error TimedOut() {
    Error error{ErrorKind::kUnreachable, "timed out after it was sent"};
    error.is_transient = true;
    return error;
  }

  static Error Broken() {
    Error error{ErrorKind::kUpstreamError, "HTTP 500"};
    error.is_transient = true;
    return error;
  }

  LoginBreakerTest() {
    for (int i = 0; i < 10; ++i) {
      logins_.push_back(std::make_unique<LoginBreaker>(host_, [] { return 0.5; }));
    }
  }

  LoginBreaker& At(int login) { return *logins_[static_cast<std::size_t>(login)]; }
  void Leave(int login) { logins_[static_cast<std::size_t>(login)].reset(); }

  Now Time() const { return {clock_.WallNow(), clock_.SteadyNow()}; }
  std::optional<LoginBreaker::Permit> Admit(int login) {
    return At(login).Admit(clock_.SteadyNow());
  }
  // Whether the login may send; if so, it fails.
  bool FailWith(int login, const Error& error) {
    auto permit = Admit(login);
    if (permit) permit->Failed(Time(), error);
    return permit.has_value();
  }
  bool Succeed(int login) {
    auto permit = Admit(login);
    if (permit) permit->Succeeded(clock_.SteadyNow());
    return permit.has_value();
  }
  BreakerState State(int login) { return At(login).State(clock_.SteadyNow()); }
  // Whether the login is refused when a reader comes; sends nothing.
  bool IsRefused(int login) { return !Admit(login).has_value(); }

  // Each of the first `logins` meets that nobody answers; from the fifth failure on the host is
  // held to be down.
  void TakeDown(int logins = 5) {
    for (int i = 0; i < logins; ++i) ASSERT_TRUE(FailWith(i, Refused()));
  }

  FakeClock clock_;
  std::shared_ptr<HostBreaker> host_ = std::make_shared<HostBreaker>([] { return 0.5; });
  std::vector<std::unique_ptr<LoginBreaker>> logins_;
};

TEST_F(LoginBreakerTest, M80_AnsweredFailuresAndTimeOutsAreTheLoginsOwn) {
  for (int login = 0; login < 9; ++login) {
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(FailWith(login, i % 2 == 0 ? Broken() : TimedOut()));
    EXPECT_TRUE(IsRefused(login));
  }

  EXPECT_EQ(State(9), BreakerState::kClosed);
  EXPECT_TRUE(Succeed(9));
  EXPECT_EQ(State(0), BreakerState::kOpen);
  EXPECT_EQ(At(0).Because(clock_.SteadyNow())->message, "HTTP 500");
}

TEST_F(LoginBreakerTest, M82_AHostThatNobodyConnectsToIsHeldToBeDown) {
  TakeDown();

  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(IsRefused(i));
    EXPECT_EQ(State(i), BreakerState::kOpen);
    EXPECT_TRUE(At(i).Forbids(clock_.SteadyNow()));
    EXPECT_EQ(At(i).Until(clock_.SteadyNow()), clock_.SteadyNow() + seconds(5));
  }
}

TEST_F(LoginBreakerTest, M82_WhoHasNotMetTheTroubleGoesOnceAndIsToldNothingBefore) {
  TakeDown();

  for (int i = 5; i < 10; ++i) {
    EXPECT_EQ(State(i), BreakerState::kClosed);
    EXPECT_FALSE(At(i).Because(clock_.SteadyNow()));
    EXPECT_TRUE(FailWith(i, Refused()));
    EXPECT_TRUE(IsRefused(i));
  }
  // Their failures leave the schedule of the probes alone.
  EXPECT_EQ(At(0).Until(clock_.SteadyNow()), clock_.SteadyNow() + seconds(5));
}

TEST_F(LoginBreakerTest, M82_AnyAnswerToAnyLoginShowsThatTheHostIsUp) {
  const auto expect_all_go = [this] {
    for (int login = 0; login < 5; ++login) {
      EXPECT_EQ(State(login), BreakerState::kClosed);
      EXPECT_TRUE(Succeed(login));
    }
  };
  TakeDown();
  EXPECT_TRUE(IsRefused(0));
  EXPECT_TRUE(Succeed(9));
  expect_all_go();

  TakeDown();
  EXPECT_TRUE(IsRefused(0));
  EXPECT_TRUE(FailWith(8, Broken()));
  expect_all_go();

  TakeDown();
  EXPECT_TRUE(IsRefused(0));
  EXPECT_TRUE(FailWith(7, {ErrorKind::kReplyInvalid, "a login page"}));
  expect_all_go();
}

// Its connection may be older than the trouble.
TEST_F(LoginBreakerTest, M82_ATimeOutAfterTheRequestWasWrittenSaysNothingAboutTheHost) {
  TakeDown();
  EXPECT_TRUE(FailWith(9, TimedOut()));

  EXPECT_TRUE(IsRefused(0));
}

TEST_F(LoginBreakerTest, M82_AProbeWhoseRequestWasWrittenShowsThatTheHostIsUpThoughItTimesOut) {
  TakeDown();
  clock_.Advance(seconds(5));
  EXPECT_TRUE(FailWith(0, TimedOut()));

  for (int login = 1; login < 5; ++login) {
    EXPECT_EQ(State(login), BreakerState::kClosed);
    EXPECT_TRUE(Succeed(login));
  }
  // It is still a failure of the login's own.
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(FailWith(0, TimedOut()));
  EXPECT_EQ(State(0), BreakerState::kOpen);
}

TEST_F(LoginBreakerTest, M82_AProbeThatThisSideSpoiledSaysNothingAboutTheHost) {
  TakeDown();
  clock_.Advance(seconds(5));
  Error local{ErrorKind::kUnreachable, "tls_ca_file cannot be read"};
  local.may_be_configuration = true;
  EXPECT_TRUE(FailWith(0, local));

  EXPECT_EQ(State(1), BreakerState::kHalfOpen);
  EXPECT_TRUE(Succeed(1));
}

TEST_F(LoginBreakerTest, M82_FailuresWithAnAnswerBetweenThemAreNoOutage) {
  for (int i = 0; i < 100; ++i) {
    for (int login = 0; login < 4; ++login) EXPECT_TRUE(FailWith(login, Refused()));
    for (int login = 0; login < 10; ++login) EXPECT_TRUE(Succeed(login));
    clock_.Advance(seconds(3));
  }
}

TEST_F(LoginBreakerTest, M21_OneProbeAtATimeGoesToAHostThatIsDown) {
  TakeDown();
  clock_.Advance(seconds(5));
  const auto probe = Admit(0);
  ASSERT_TRUE(probe);

  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(IsRefused(i));
    EXPECT_TRUE(At(i).Forbids(clock_.SteadyNow()));
    EXPECT_GT(At(i).Until(clock_.SteadyNow()), clock_.SteadyNow());
  }
}

TEST_F(LoginBreakerTest, AProbeThatIsGivenUpFreesThePlace) {
  TakeDown();
  clock_.Advance(seconds(5));
  ASSERT_TRUE(Admit(0));

  EXPECT_FALSE(At(1).Forbids(clock_.SteadyNow()));
  EXPECT_TRUE(Admit(1));
}

TEST_F(LoginBreakerTest, M82_EachProbeThatFailsDoublesTheWaitUpToAMinute) {
  // Each fails once only, so that none has trouble of its own.
  TakeDown(10);
  std::vector<Duration> waits;
  for (int i = 0; i < 7; ++i) {
    waits.push_back(At(9).Until(clock_.SteadyNow()) - clock_.SteadyNow());
    clock_.Advance(waits.back());
    ASSERT_TRUE(FailWith(i, Refused()));
  }

  EXPECT_EQ(waits, (std::vector<Duration>{seconds(5), seconds(10), seconds(20), seconds(40),
                                          seconds(60), seconds(60), seconds(60)}));
}

TEST_F(LoginBreakerTest, M82_ProbesGoRoundTheLogins) {
  TakeDown();
  std::vector<int> probed;
  for (int round = 0; round < 10; ++round) {
    // The last one asks first, each time.
    for (int tick = 0; probed.size() == static_cast<std::size_t>(round); ++tick) {
      ASSERT_LT(tick, 200);
      clock_.Advance(milliseconds(500));
      for (int login = 4; login >= 0; --login) {
        if (FailWith(login, Refused())) probed.push_back(login);
      }
    }
  }

  EXPECT_EQ(std::vector<int>(probed.begin(), probed.begin() + 5), (std::vector{4, 3, 2, 1, 0}));
  EXPECT_EQ(std::vector<int>(probed.begin() + 5, probed.end()), (std::vector{4, 3, 2, 1, 0}));
}

TEST_F(LoginBreakerTest, AProbeWaitsASecondForWhoseTurnItIs) {
  TakeDown();
  ASSERT_TRUE(IsRefused(3));
  ASSERT_TRUE(IsRefused(4));
  clock_.Advance(seconds(5));
  EXPECT_TRUE(IsRefused(4));
  EXPECT_TRUE(At(4).Because(clock_.SteadyNow()));
  EXPECT_FALSE(At(3).Because(clock_.SteadyNow()));

  clock_.Advance(seconds(1));
  EXPECT_TRUE(Admit(4));
}

TEST_F(LoginBreakerTest, WhoHasStoppedAskingIsWaitedForOnceOnly) {
  TakeDown();
  clock_.Advance(seconds(5));
  ASSERT_TRUE(FailWith(3, Refused()));
  ASSERT_TRUE(IsRefused(3));
  clock_.Advance(seconds(10));
  ASSERT_TRUE(IsRefused(4));
  ASSERT_TRUE(IsRefused(2));
  clock_.Advance(seconds(1));
  ASSERT_TRUE(FailWith(4, Refused()));
  clock_.Advance(seconds(20));

  EXPECT_TRUE(Admit(2));
}

TEST_F(LoginBreakerTest, M82_WhoAsksOnceInALongPauseKeepsItsTurn) {
  TakeDown();
  for (int login = 0; login < 3; ++login) {
    clock_.Advance(At(login).Until(clock_.SteadyNow()) - clock_.SteadyNow());
    ASSERT_TRUE(FailWith(login, Refused()));
  }
  ASSERT_EQ(At(3).Until(clock_.SteadyNow()), clock_.SteadyNow() + seconds(40));
  // Each asks once and is told to come back at the end.
  ASSERT_TRUE(IsRefused(3));
  clock_.Advance(seconds(15));
  ASSERT_TRUE(IsRefused(4));
  ASSERT_TRUE(IsRefused(2));
  clock_.Advance(seconds(25));

  EXPECT_TRUE(IsRefused(2));
  EXPECT_TRUE(IsRefused(4));
  EXPECT_TRUE(FailWith(3, Refused()));
  clock_.Advance(seconds(60));
  EXPECT_TRUE(IsRefused(2));
  EXPECT_TRUE(Admit(4));
}

TEST_F(LoginBreakerTest, ALoginThatLeavesLeavesItsPlaceToo) {
  TakeDown();
  ASSERT_TRUE(IsRefused(3));
  Leave(3);
  clock_.Advance(seconds(5));

  EXPECT_TRUE(Admit(4));
}

TEST_F(LoginBreakerTest, AnAnswerToARequestOfBeforeTheTroubleIsNoSign) {
  auto old = Admit(9);
  clock_.Advance(milliseconds(100));
  TakeDown();
  old->Succeeded(clock_.SteadyNow());

  EXPECT_TRUE(IsRefused(0));
}

TEST_F(LoginBreakerTest, M82_WhenTheHostIsBackWhoeverCouldNotConnectIsAskedAtOnce) {
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(FailWith(0, Refused()));
  for (int i = 0; i < 4; ++i) {
    clock_.Advance(At(0).Until(clock_.SteadyNow()) - clock_.SteadyNow());
    ASSERT_TRUE(FailWith(0, Refused()));
  }
  EXPECT_EQ(At(0).Until(clock_.SteadyNow()), clock_.SteadyNow() + seconds(60));
  clock_.Advance(seconds(6));
  ASSERT_TRUE(IsRefused(0));
  ASSERT_TRUE(Succeed(9));

  EXPECT_FALSE(At(0).Forbids(clock_.SteadyNow()));
  EXPECT_TRUE(Succeed(0));
}

TEST_F(LoginBreakerTest, M20_AHostThatIsDownForTenMinutesGetsFewMoreRequestsThanProbes) {
  int sent = 0;
  std::vector<SteadyTime> latest(10);
  const SteadyTime end = clock_.SteadyNow() + minutes(10);
  for (; clock_.SteadyNow() < end; clock_.Advance(milliseconds(100))) {
    for (int login = 0; login < 10; ++login) {
      if (FailWith(login, Refused())) ++sent;
    }
  }

  // One for each login, and the probes at 5, 10, 20, 40 and every 60 s.
  EXPECT_LE(sent, 10 + 13);
  EXPECT_GE(sent, 10 + 11);
}

}  // namespace
}  // namespace balance
