#include "clients/resilience/pacer.h"

#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <deque>
#include <string>

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

  Waiting& Wait(const std::string& name, bool urgent = true) {
    Waiting& waiting = waiting_.emplace_back();
    waiting.progress.urgent = urgent;
    boost::asio::co_spawn(
        loop_, pacer_.Turn(waiting.progress),
        boost::asio::bind_cancellation_slot(
            waiting.cancel.slot(), [this, name](const std::exception_ptr& thrown, bool has_turn) {
              log_ += name + (thrown ? "x " : has_turn ? " " : "! ");
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

TEST_F(PacerTest, NextTurnCountsThoseAhead) {
  Wait("a");
  const SteadyTime alone = pacer_.NextTurn();
  Wait("b");
  Wait("background", false);

  EXPECT_GT(alone, clock_.SteadyNow() + seconds(1));
  EXPECT_GT(pacer_.NextTurn(), alone + seconds(1));
  EXPECT_LT(pacer_.NextTurn(), alone + seconds(2));
}

}  // namespace
}  // namespace balance
