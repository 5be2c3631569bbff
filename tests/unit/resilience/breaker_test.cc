#include "clients/resilience/breaker.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

namespace balance {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const Error kDown{ErrorKind::kUnreachable, "down"};

// Chance is one half: no jitter.
class BreakerTest : public testing::Test {
 protected:
  void Succeed() { breaker_.Admit(now_)->Succeeded(now_); }
  void FailOnce() { breaker_.Admit(now_)->Failed(now_, kDown); }
  void Open() {
    while (!breaker_.Because(now_)) FailOnce();
  }

  SteadyTime now_{std::chrono::hours(1)};
  double chance_ = 0.5;
  Breaker breaker_{[this] { return chance_; }};
};

TEST_F(BreakerTest, FiveFailuresInARowOpenIt) {
  for (int i = 0; i < 4; ++i) FailOnce();
  EXPECT_EQ(breaker_.State(now_), BreakerState::kClosed);

  FailOnce();

  EXPECT_EQ(breaker_.State(now_), BreakerState::kOpen);
  EXPECT_EQ(breaker_.Because(now_)->message, "down");
  EXPECT_FALSE(breaker_.Admit(now_));
  EXPECT_EQ(breaker_.Until(), now_ + seconds(5));
}

TEST_F(BreakerTest, HalfOfTenWithinTheWindowOpenIt) {
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(breaker_.State(now_), BreakerState::kClosed);
    Succeed();
    FailOnce();
  }

  EXPECT_EQ(breaker_.State(now_), BreakerState::kOpen);
}

TEST_F(BreakerTest, FailuresOlderThanTheWindowAreForgotten) {
  for (int i = 0; i < 50; ++i) {
    Succeed();
    FailOnce();
    now_ += seconds(3);
  }

  EXPECT_EQ(breaker_.State(now_), BreakerState::kClosed);
}

TEST_F(BreakerTest, M22_FourFailuresInTenLeaveItClosed) {
  for (int i = 0; i < 1000; ++i) {
    if (i % 5 < 3) {
      Succeed();
    } else {
      FailOnce();
    }
    now_ += milliseconds(100);
    ASSERT_EQ(breaker_.State(now_), BreakerState::kClosed);
  }
}

TEST_F(BreakerTest, M21_HalfOpenAdmitsExactlyOneOfAHundred) {
  Open();
  now_ += seconds(5);
  EXPECT_EQ(breaker_.State(now_), BreakerState::kHalfOpen);
  std::vector<Breaker::Permit> permits;
  for (int i = 0; i < 100; ++i) {
    if (auto permit = breaker_.Admit(now_)) permits.push_back(std::move(*permit));
  }

  EXPECT_EQ(permits.size(), 1U);
}

TEST_F(BreakerTest, AProbeThatIsGivenUpFreesThePlace) {
  Open();
  now_ += seconds(5);
  breaker_.Admit(now_).reset();

  EXPECT_TRUE(breaker_.Admit(now_));
}

TEST_F(BreakerTest, TwoGoodProbesCloseIt) {
  Open();
  now_ += seconds(5);
  Succeed();
  EXPECT_EQ(breaker_.State(now_), BreakerState::kHalfOpen);
  Succeed();

  EXPECT_EQ(breaker_.State(now_), BreakerState::kClosed);
  EXPECT_FALSE(breaker_.Because(now_));
}

TEST_F(BreakerTest, EachFailedProbeDoublesTheWaitUpToAMinute) {
  Open();
  std::vector<Duration> waits;
  for (int i = 0; i < 6; ++i) {
    now_ = breaker_.Until();
    FailOnce();
    waits.push_back(breaker_.Until() - now_);
  }

  EXPECT_EQ(waits, (std::vector<Duration>{seconds(10), seconds(20), seconds(40), seconds(60),
                                          seconds(60), seconds(60)}));
}

TEST_F(BreakerTest, M81_TheWaitIsSpreadByAFifthWithinFiveSecondsAndAMinute) {
  std::vector<Duration> waits;
  chance_ = 0;
  Open();
  for (const double chance : {1.0, 0.0, 1.0, 1.0, 0.0}) {
    waits.push_back(breaker_.Until() - now_);
    now_ = breaker_.Until();
    chance_ = chance;
    FailOnce();
  }
  waits.push_back(breaker_.Until() - now_);

  EXPECT_EQ(waits, (std::vector<Duration>{seconds(5), seconds(12), seconds(16), seconds(48),
                                          seconds(60), seconds(48)}));
}

TEST_F(BreakerTest, ItKnowsHowLongGoodAnswersUsuallyTake) {
  EXPECT_FALSE(breaker_.UsuallyTakesLongerThan(Duration(1)));
  for (int i = 0; i < 10; ++i) {
    auto permit = breaker_.Admit(now_);
    now_ += milliseconds(300);
    permit->Succeeded(now_);
  }

  EXPECT_TRUE(breaker_.UsuallyTakesLongerThan(milliseconds(299)));
  EXPECT_FALSE(breaker_.UsuallyTakesLongerThan(milliseconds(300)));
}

TEST_F(BreakerTest, OneSuccessEndsARow) {
  for (int i = 0; i < 4; ++i) FailOnce();
  now_ += seconds(60);
  Succeed();
  now_ += seconds(60);
  for (int i = 0; i < 4; ++i) FailOnce();

  EXPECT_EQ(breaker_.State(now_), BreakerState::kClosed);
}

TEST_F(BreakerTest, HalfOfNineIsNotEnoughToJudgeBy) {
  for (int i = 0; i < 4; ++i) {
    FailOnce();
    Succeed();
  }
  FailOnce();
  EXPECT_EQ(breaker_.State(now_), BreakerState::kClosed);

  FailOnce();

  EXPECT_EQ(breaker_.State(now_), BreakerState::kOpen);
}

TEST_F(BreakerTest, TheFailureOfAProbeIsToldFromThenOn) {
  Open();
  now_ = breaker_.Until();
  breaker_.Admit(now_)->Failed(now_, {ErrorKind::kUpstreamError, "still broken"});

  EXPECT_EQ(breaker_.Because(now_)->message, "still broken");
}

TEST_F(BreakerTest, AProbeThatFailsAfterAGoodOneBeginsAnew) {
  Open();
  now_ = breaker_.Until();
  Succeed();
  FailOnce();
  EXPECT_EQ(breaker_.State(now_), BreakerState::kOpen);
  now_ = breaker_.Until();
  Succeed();

  EXPECT_EQ(breaker_.State(now_), BreakerState::kHalfOpen);
}

TEST_F(BreakerTest, ClosingEndsTheGrowthAndForgetsTheFailures) {
  Open();
  now_ = breaker_.Until();
  FailOnce();
  now_ = breaker_.Until();
  Succeed();
  Succeed();
  for (int i = 0; i < 4; ++i) FailOnce();
  EXPECT_EQ(breaker_.State(now_), BreakerState::kClosed);

  FailOnce();

  EXPECT_EQ(breaker_.Until(), now_ + seconds(5));
}

TEST_F(BreakerTest, RequestsOfBeforeItOpenedChangeNothing) {
  auto good = breaker_.Admit(now_);
  auto bad = breaker_.Admit(now_);
  Open();
  const SteadyTime until = breaker_.Until();
  now_ += seconds(1);
  good->Succeeded(now_);
  bad->Failed(now_, kDown);
  EXPECT_EQ(breaker_.State(now_), BreakerState::kOpen);
  EXPECT_EQ(breaker_.Until(), until);

  now_ = until;
  EXPECT_EQ(breaker_.State(now_), BreakerState::kHalfOpen);
}

TEST_F(BreakerTest, AnOldRequestThatIsGivenUpDoesNotFreeThePlaceOfTheProbe) {
  auto old = breaker_.Admit(now_);
  Open();
  now_ = breaker_.Until();
  auto probe = breaker_.Admit(now_);
  old.reset();

  EXPECT_TRUE(probe);
  EXPECT_FALSE(breaker_.Admit(now_));
}

TEST_F(BreakerTest, AReplyThatIsNoBalanceOpensItAtOnceAndForLongerEachTime) {
  std::vector<Duration> waits;
  for (int i = 0; i < 6; ++i) {
    breaker_.Admit(now_)->Failed(now_, {ErrorKind::kReplyInvalid, "no balance"});
    waits.push_back(breaker_.Until() - now_);
    EXPECT_EQ(breaker_.State(now_), BreakerState::kOpen);
    now_ = breaker_.Until();
  }

  EXPECT_EQ(waits, (std::vector<Duration>{seconds(5), seconds(10), seconds(20), seconds(40),
                                          seconds(60), seconds(60)}));
}

TEST_F(BreakerTest, M81_FailuresThatDoNotPassOpenItLikeThoseThatDo) {
  for (const ErrorKind kind : {ErrorKind::kUpstreamError, ErrorKind::kUnreachable}) {
    Breaker breaker([] { return 0.5; });
    for (int i = 0; i < 5; ++i) {
      EXPECT_EQ(breaker.State(now_), BreakerState::kClosed);
      breaker.Admit(now_)->Failed(now_, {kind, "moved"});
    }
    EXPECT_EQ(breaker.State(now_), BreakerState::kOpen);
  }
}

TEST_F(BreakerTest, AReloadClosesItWhereAFileOfOursMayHaveBeenAtFault) {
  Error local{ErrorKind::kUnreachable, "tls_ca_file cannot be read"};
  local.may_be_configuration = true;
  for (int i = 0; i < 5; ++i) breaker_.Admit(now_)->Failed(now_, local);
  ASSERT_EQ(breaker_.State(now_), BreakerState::kOpen);
  breaker_.OnReload();
  EXPECT_EQ(breaker_.State(now_), BreakerState::kClosed);
  EXPECT_TRUE(breaker_.Admit(now_));

  Open();
  breaker_.OnReload();
  EXPECT_EQ(breaker_.State(now_), BreakerState::kOpen);
}

TEST_F(BreakerTest, AProbeThatEndsAfterAReloadDoesNotOpenItAgain) {
  Error local{ErrorKind::kUnreachable, "tls_ca_file cannot be read"};
  local.may_be_configuration = true;
  for (int i = 0; i < 5; ++i) breaker_.Admit(now_)->Failed(now_, local);
  now_ = breaker_.Until();
  auto probe = breaker_.Admit(now_);
  breaker_.OnReload();
  probe->Failed(now_, local);
  EXPECT_EQ(breaker_.State(now_), BreakerState::kClosed);
  EXPECT_FALSE(breaker_.IsProbing());

  for (int i = 0; i < 4; ++i) FailOnce();
  EXPECT_EQ(breaker_.State(now_), BreakerState::kClosed);
  FailOnce();
  EXPECT_EQ(breaker_.State(now_), BreakerState::kOpen);
}

TEST_F(BreakerTest, AHostThatIsBackIsProbedAtOnceButNotTwiceInFiveSeconds) {
  Error refused = kDown;
  refused.is_connect_failure = true;
  const auto fail = [&] { breaker_.Admit(now_)->Failed(now_, refused); };
  for (int i = 0; i < 5; ++i) fail();
  for (int i = 0; i < 3; ++i) {
    now_ = breaker_.Until();
    fail();
  }
  const SteadyTime latest = now_;
  now_ += seconds(1);
  breaker_.OnHostBack(now_);
  EXPECT_EQ(breaker_.Until(), latest + seconds(5));
  EXPECT_EQ(breaker_.State(now_), BreakerState::kOpen);

  now_ += seconds(20);
  breaker_.OnHostBack(now_);
  EXPECT_EQ(breaker_.State(now_), BreakerState::kHalfOpen);
  // It was the login's own after all.
  fail();
  EXPECT_EQ(breaker_.Until() - now_, seconds(60));
}

TEST_F(BreakerTest, AHostThatIsBackSaysNothingAboutTheLoginsOwnFailures) {
  Open();
  const SteadyTime until = breaker_.Until();
  breaker_.OnHostBack(now_ + seconds(6));

  EXPECT_EQ(breaker_.Until(), until);
}

TEST_F(BreakerTest, EveryWaitIsWithinAFifthOfItsLength) {
  const std::uint64_t seed = 20261121;
  SCOPED_TRACE("seed " + std::to_string(seed));
  Breaker breaker(SeededRandom(seed));
  for (int i = 0; i < 5; ++i) breaker.Admit(now_)->Failed(now_, kDown);
  for (int i = 0; i < 50; ++i) {
    const double expected = std::min(60.0, 5.0 * std::pow(2, i));
    const double wait = std::chrono::duration<double>(breaker.Until() - now_).count();
    EXPECT_GE(wait, std::max(5.0, expected * 0.8));
    EXPECT_LE(wait, std::min(60.0, expected * 1.2));
    now_ = breaker.Until();
    breaker.Admit(now_)->Failed(now_, kDown);
  }
}

}  // namespace
}  // namespace balance
