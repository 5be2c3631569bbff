#include "clients/resilience/pacer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <deque>
#include <string>
#include <vector>

#include "clients/core/random.h"
#include "tests/support/cpu_time.h"
#include "tests/support/fake_clock.h"

namespace balance {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// One request a second, less the margin.
class PacerTest : public testing::Test {
 protected:
  struct Waiting {
    FetchProgress progress;
    boost::asio::cancellation_signal cancel;
  };

  // Runs the loop once all of them wait.
  void WaitMany(int count, Pacer::Terms terms = {}) {
    for (int i = 0; i < count; ++i) {
      Waiting& waiting = waiting_.emplace_back();
      boost::asio::co_spawn(
          loop_, pacer_.Turn(waiting.progress, terms),
          boost::asio::bind_cancellation_slot(
              waiting.cancel.slot(), [this](const std::exception_ptr& thrown, Pacer::End end) {
                if (!thrown && end == Pacer::End::kTurn) ++turns_;
                ++ended_;
              }));
    }
    Run();
  }

  Waiting& Wait(const std::string& name, bool urgent = true, Pacer::Terms terms = {}) {
    Waiting& waiting = waiting_.emplace_back();
    waiting.progress.urgent = urgent;
    boost::asio::co_spawn(
        loop_, pacer_.Turn(waiting.progress, terms),
        boost::asio::bind_cancellation_slot(
            waiting.cancel.slot(), [this, name](const std::exception_ptr& thrown, Pacer::End end) {
              log_ += name + (thrown ? "x " : end == Pacer::End::kTurn ? " " : "! ");
            }));
    Run();
    return waiting;
  }

  void Advance(Duration by) {
    clock_.Advance(by);
    Run();
  }

  void Run() {
    loop_.restart();
    loop_.poll();
  }

  boost::asio::io_context loop_;
  FakeClock clock_;
  Pacer pacer_{loop_.get_executor(), clock_, {1, 1}};
  std::deque<Waiting> waiting_;
  // Counts of WaitMany().
  int turns_ = 0;
  int ended_ = 0;
  // Who got a turn, in that order; "x": was cancelled, "!": was refused.
  std::string log_;
};

TEST_F(PacerTest, TheFirstHasItsTurnAtOnce) {
  Wait("a");

  EXPECT_EQ(log_, "a ");
}

TEST_F(PacerTest, TheNextWaitsItsTurnWithAMarginForTheWay) {
  Wait("a");
  Wait("b");
  Advance(seconds(1));
  EXPECT_EQ(log_, "a ");

  Advance(milliseconds(112));

  EXPECT_EQ(log_, "a b ");
}

TEST_F(PacerTest, FirstComeFirstServed) {
  for (const char* name : {"a", "b", "c"}) Wait(name);
  Advance(milliseconds(1112));
  Advance(milliseconds(1112));

  EXPECT_EQ(log_, "a b c ");
}

TEST_F(PacerTest, WhoIsWaitedForGoesFirst) {
  Wait("a");
  Wait("background", false);
  Wait("miss");
  Advance(milliseconds(1112));
  EXPECT_EQ(log_, "a miss ");

  Advance(milliseconds(1112));

  EXPECT_EQ(log_, "a miss background ");
}

TEST_F(PacerTest, AWaiterThatBecomesUrgentMeanwhileGoesFirst) {
  Wait("a");
  Wait("b", false);
  Waiting& c = Wait("c", false);
  c.progress.urgent = true;
  Advance(milliseconds(1112));

  EXPECT_EQ(log_, "a c ");
}

TEST_F(PacerTest, ACancelledWaiterTakesNoTurn) {
  Wait("a");
  Waiting& b = Wait("b");
  Wait("c");
  b.cancel.emit(boost::asio::cancellation_type::terminal);
  Run();
  Advance(milliseconds(1112));

  EXPECT_EQ(log_, "a bx c ");
}

// At a cost that grew with the square of their number, all of this would need minutes.
TEST_F(PacerTest, M117_ManyComeAndLeaveTogetherAtACostThatGrowsWithTheirNumber) {
  constexpr int kMany = 100'000;
  const Duration before = CpuTime();
  WaitMany(kMany);
  EXPECT_EQ(turns_, 1);
  EXPECT_GE(pacer_.NextTurn(), clock_.SteadyNow() + (kMany - 1) * seconds(1));
  for (Waiting& waiting : waiting_) waiting.cancel.emit(boost::asio::cancellation_type::terminal);
  Run();

  EXPECT_EQ(ended_, kMany);
  EXPECT_EQ(turns_, 1);
  EXPECT_LT(CpuTime() - before, seconds(20));
  EXPECT_EQ(clock_.sleepers(), 0U);
}

TEST_F(PacerTest, M117_ManyWhoRunOutOfTimeTogetherEndAtACostThatGrowsWithTheirNumber) {
  constexpr int kMany = 100'000;
  const Duration before = CpuTime();
  WaitMany(kMany, {.deadline = clock_.SteadyNow() + seconds(1)});
  Advance(seconds(1));

  EXPECT_EQ(ended_, kMany);
  EXPECT_EQ(turns_, 1);
  EXPECT_LT(CpuTime() - before, seconds(20));
}

TEST_F(PacerTest, M117_ThoseBehindWhoHaveLeftMoveUp) {
  WaitMany(10);
  for (int i = 1; i < 9; ++i) {
    waiting_[static_cast<std::size_t>(i)].cancel.emit(boost::asio::cancellation_type::terminal);
  }
  Run();

  EXPECT_LE(waiting_.back().progress.planned_send, clock_.SteadyNow() + milliseconds(1112));
  Advance(milliseconds(1112));
  EXPECT_EQ(turns_, 2);
}

TEST_F(PacerTest, AWaiterThatBecomesUrgentIsReckonedWithAtOnce) {
  Wait("a");
  Waiting& b = Wait("b", false);
  const SteadyTime before = pacer_.NextTurn();
  b.progress.SetUrgent(true);
  EXPECT_GT(pacer_.NextTurn(), before);

  b.progress.SetUrgent(false);
  EXPECT_EQ(pacer_.NextTurn(), before);
}

TEST_F(PacerTest, AWaiterThatLeavesDoesNotHoldUpTheNext) {
  Wait("a");
  Waiting& b = Wait("b");
  Wait("c");
  Advance(milliseconds(500));
  b.cancel.emit(boost::asio::cancellation_type::terminal);
  Run();
  Advance(milliseconds(612));

  EXPECT_EQ(log_, "a bx c ");
}

TEST_F(PacerTest, WhenTheLastLeavesNothingKeepsTheLoopAlive) {
  Wait("a");
  Waiting& b = Wait("b");
  Waiting& c = Wait("c");
  b.cancel.emit(boost::asio::cancellation_type::terminal);
  Run();
  EXPECT_EQ(clock_.sleepers(), 1U);
  c.cancel.emit(boost::asio::cancellation_type::terminal);
  Run();

  EXPECT_EQ(clock_.sleepers(), 0U);
  EXPECT_TRUE(loop_.stopped());
}

TEST_F(PacerTest, WhenAPauseRefusesAllNothingKeepsTheLoopAlive) {
  Wait("a");
  Wait("b");
  pacer_.OnRateLimited({ErrorKind::kRateLimited, "slow down", seconds(300)});
  Run();

  EXPECT_EQ(log_, "a b! ");
  EXPECT_EQ(clock_.sleepers(), 0U);
  EXPECT_TRUE(loop_.stopped());
}

TEST_F(PacerTest, UrgentWaitersKeepTheirOrder) {
  Wait("a");
  Wait("x", false);
  Wait("b");
  Wait("y", false);
  Wait("c");
  for (int i = 0; i < 4; ++i) Advance(milliseconds(1112));

  EXPECT_EQ(log_, "a b c x y ");
}

TEST_F(PacerTest, WhoeverComesDoesNotOvertakeAnUrgentWaiter) {
  Wait("a");
  Wait("b");
  clock_.Advance(milliseconds(1112));
  Wait("c");

  EXPECT_EQ(log_, "a b ");
}

TEST_F(PacerTest, APauseRefusesWhoeverWaits) {
  Wait("a");
  Wait("b");
  pacer_.OnRateLimited({ErrorKind::kRateLimited, "slow down", seconds(7)});
  Run();

  EXPECT_EQ(log_, "a b! ");
  ASSERT_TRUE(pacer_.BlockedBy());
  EXPECT_EQ(pacer_.BlockedBy()->message, "slow down");
  EXPECT_EQ(pacer_.BlockedUntil(), clock_.SteadyNow() + seconds(7));
  EXPECT_EQ(pacer_.blocked_until().After(clock_.SteadyNow()), clock_.SteadyNow() + seconds(7));

  clock_.Advance(seconds(7));
  EXPECT_FALSE(pacer_.BlockedBy());
}

TEST_F(PacerTest, M13_AfterAPauseTurnsAreGivenAgain) {
  Wait("a");
  pacer_.OnRateLimited({ErrorKind::kRateLimited, "slow down", seconds(7)});
  EXPECT_EQ(pacer_.NextTurn(), clock_.SteadyNow() + seconds(7));
  Advance(seconds(7));
  Wait("b");

  EXPECT_EQ(log_, "a b ");
}

TEST_F(PacerTest, A503WithoutAPauseRefusesNobody) {
  Wait("a");
  Wait("b");
  pacer_.OnPause({ErrorKind::kUpstreamError, "broken"});
  Advance(milliseconds(1112));

  EXPECT_EQ(log_, "a b ");
}

TEST_F(PacerTest, AnExhaustedLimitMakesWaitersWaitOn) {
  Wait("a");
  Wait("b");
  pacer_.OnLimits({.per_second = {}, .per_minute = {}, .exhausted_for = seconds(20)});
  Advance(seconds(19));
  EXPECT_EQ(log_, "a ");
  EXPECT_FALSE(pacer_.BlockedBy());

  Advance(seconds(1));

  EXPECT_EQ(log_, "a b ");
}

TEST_F(PacerTest, M13_WhoComesDuringAPauseIsRefusedAndNotQueued) {
  pacer_.OnRateLimited({ErrorKind::kRateLimited, "slow down", seconds(7)});
  Wait("a");

  EXPECT_EQ(log_, "a! ");
}

TEST_F(PacerTest, EachIsToldWhenItsTurnIsExpected) {
  Wait("a");
  const SteadyTime first = pacer_.NextTurn();
  Waiting& b = Wait("b");
  Waiting& c = Wait("c");
  EXPECT_EQ(b.progress.planned_send, first);
  EXPECT_EQ(c.progress.planned_send, first + pacer_.Interval());

  b.cancel.emit(boost::asio::cancellation_type::terminal);
  Run();

  EXPECT_FALSE(b.progress.planned_send);
  EXPECT_EQ(c.progress.planned_send, first);
}

TEST_F(PacerTest, AnExhaustedLimitMovesThePlannedTurns) {
  Wait("a");
  Waiting& b = Wait("b");
  Waiting& c = Wait("c", false);
  pacer_.OnLimits({.per_second = {}, .per_minute = {}, .exhausted_for = seconds(60)});

  EXPECT_EQ(b.progress.planned_send, clock_.SteadyNow() + seconds(60));
  EXPECT_EQ(c.progress.planned_send, clock_.SteadyNow() + seconds(60) + pacer_.Interval());
}

TEST_F(PacerTest, WhoMayNotGoYetHoldsUpNobody) {
  Waiting& late = Wait("late", true, {.not_before = clock_.SteadyNow() + seconds(5)});
  EXPECT_EQ(late.progress.planned_send, clock_.SteadyNow() + seconds(5));
  EXPECT_LE(pacer_.NextTurn(), clock_.SteadyNow());
  Wait("a");
  Advance(seconds(4));
  EXPECT_EQ(log_, "a ");

  Advance(seconds(1));

  EXPECT_EQ(log_, "a late ");
}

TEST_F(PacerTest, M13_APauseRefusesThoseWhoMayNotGoYet) {
  Wait("late", true, {.not_before = clock_.SteadyNow() + seconds(5)});
  pacer_.OnRateLimited({ErrorKind::kRateLimited, "slow down", seconds(7)});
  Run();

  EXPECT_EQ(log_, "late! ");
}

TEST_F(PacerTest, WhileSomebodyWaitsNothingIsSpare) {
  EXPECT_TRUE(pacer_.HasSpare());
  Wait("a");
  EXPECT_FALSE(pacer_.HasSpare());
  Wait("b", false);
  clock_.Advance(milliseconds(1112));

  EXPECT_FALSE(pacer_.HasSpare());
}

TEST_F(PacerTest, NextTurnCountsThoseAhead) {
  Wait("a");
  const SteadyTime alone = pacer_.NextTurn();
  Wait("b");
  Wait("background", false);

  EXPECT_GT(alone, clock_.SteadyNow() + seconds(1));
  EXPECT_GT(pacer_.NextTurn(), alone + seconds(1));
  EXPECT_LT(pacer_.NextTurn(), alone + seconds(2));
}

// Callers come, leave and become urgent, the loop is late, and 429s fall, all at random.
class PacerRandomTest : public PacerTest, public testing::WithParamInterface<std::uint64_t> {
 protected:
  struct Caller {
    FetchProgress progress;
    boost::asio::cancellation_signal cancel;
    bool has_ended = false;
  };

  void Come(bool urgent, Duration not_for) {
    Caller& caller = callers_.emplace_back();
    caller.progress.urgent = urgent;
    boost::asio::co_spawn(
        loop_, queue_.Turn(caller.progress, {.not_before = clock_.SteadyNow() + not_for}),
        boost::asio::bind_cancellation_slot(
            caller.cancel.slot(),
            [this, &caller](const std::exception_ptr& thrown, Pacer::End end) {
              caller.has_ended = true;
              if (!thrown && end == Pacer::End::kTurn) sent_.push_back(clock_.SteadyNow());
            }));
  }

  std::size_t Open() const {
    return static_cast<std::size_t>(std::count_if(
        callers_.begin(), callers_.end(), [](const Caller& caller) { return !caller.has_ended; }));
  }

  static constexpr int kRate = 10;
  static constexpr int kBurst = 3;
  Pacer queue_{loop_.get_executor(), clock_, {kRate, kBurst}};
  std::deque<Caller> callers_;
  std::vector<SteadyTime> sent_;
};

TEST_P(PacerRandomTest, M17_NoSlidingSecondExceedsTheCeilingAndEveryWaitEnds) {
  SCOPED_TRACE("seed " + std::to_string(GetParam()));
  const Random random = SeededRandom(GetParam());
  for (int i = 0; i < 3000; ++i) {
    const double what = random();
    if (what < 0.3) {
      Come(random() < 0.5, milliseconds(random() < 0.2 ? static_cast<int>(random() * 500) : 0));
    } else if (what < 0.35 && !callers_.empty()) {
      Caller& caller = callers_[static_cast<std::size_t>(random() * double(callers_.size()))];
      if (!caller.has_ended) caller.cancel.emit(boost::asio::cancellation_type::terminal);
    } else if (what < 0.4 && !callers_.empty()) {
      callers_.back().progress.urgent = true;
    } else if (what < 0.405) {
      queue_.OnRateLimited(
          {ErrorKind::kRateLimited, "slow down", seconds(static_cast<int>(random() * 3))});
    } else {
      queue_.OnSuccess();
      clock_.Advance(Duration(static_cast<Duration::rep>(random() * 1e8)));
    }
    if (random() < 0.8) Run();
  }
  for (int i = 0; i < 10'000 && Open() > 0; ++i) Advance(milliseconds(100));

  EXPECT_EQ(Open(), 0U);
  EXPECT_GT(sent_.size(), 50U);
  for (auto first = sent_.begin(); first != sent_.end(); ++first) {
    const auto end = std::lower_bound(first, sent_.end(), *first + seconds(1));
    ASSERT_LE(end - first, kRate + kBurst - 1);
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, PacerRandomTest, testing::Range<std::uint64_t>(1, 21));

}  // namespace
}  // namespace balance
