#include "clients/resilience/breaker.h"

#include <gtest/gtest.h>

#include <cmath>
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
  void FailOnce() { breaker_.Admit(now_)->Failed(now_, kDown, false); }
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

TEST_F(BreakerTest, TheWaitIsSpreadByAFifth) {
  chance_ = 0;
  Open();
  EXPECT_EQ(breaker_.Until() - now_, seconds(4));

  now_ = breaker_.Until();
  chance_ = 1;
  FailOnce();

  EXPECT_EQ(breaker_.Until() - now_, seconds(12));
}

TEST_F(BreakerTest, OurOwnShortDeadlineIsNoFailureOfASlowHost) {
  for (int i = 0; i < 10; ++i) {
    auto permit = breaker_.Admit(now_);
    now_ += milliseconds(300);
    permit->Succeeded(now_);
  }
  for (int i = 0; i < 20; ++i) {
    auto permit = breaker_.Admit(now_);
    ASSERT_TRUE(permit);
    now_ += milliseconds(100);
    permit->Failed(now_, kDown, true);
  }

  EXPECT_EQ(breaker_.State(now_), BreakerState::kClosed);
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
  breaker_.Admit(now_)->Failed(now_, {ErrorKind::kUpstreamError, "still broken"}, false);

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
  bad->Failed(now_, kDown, false);
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

TEST_F(BreakerTest, AProbeThatOurDeadlineCutShortIsNeitherGoodNorBad) {
  for (int i = 0; i < 10; ++i) {
    auto permit = breaker_.Admit(now_);
    now_ += milliseconds(300);
    permit->Succeeded(now_);
  }
  Open();
  now_ = breaker_.Until();
  auto probe = breaker_.Admit(now_);
  now_ += milliseconds(100);
  probe->Failed(now_, kDown, true);
  EXPECT_EQ(breaker_.State(now_), BreakerState::kHalfOpen);

  auto next = breaker_.Admit(now_);
  ASSERT_TRUE(next);
  now_ += milliseconds(400);
  next->Failed(now_, kDown, true);

  EXPECT_EQ(breaker_.State(now_), BreakerState::kOpen);
}

TEST_F(BreakerTest, EveryWaitIsWithinAFifthOfItsLength) {
  const std::uint64_t seed = 20261121;
  SCOPED_TRACE("seed " + std::to_string(seed));
  Breaker breaker(SeededRandom(seed));
  for (int i = 0; i < 5; ++i) breaker.Admit(now_)->Failed(now_, kDown, false);
  for (int i = 0; i < 50; ++i) {
    const double expected = std::min(60.0, 5.0 * std::pow(2, i));
    const double wait = std::chrono::duration<double>(breaker.Until() - now_).count();
    EXPECT_GE(wait, expected * 0.8);
    EXPECT_LE(wait, expected * 1.2);
    now_ = breaker.Until();
    breaker.Admit(now_)->Failed(now_, kDown, false);
  }
}

}  // namespace
}  // namespace balance
