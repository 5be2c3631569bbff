// M100 below the service: the machine's own clocks across a suspend. This program's clock_gettime()
// is that of tests/support/suspend.cc.

#include "tests/support/suspend.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <chrono>

#include "clients/core/alarm.h"
#include "clients/core/clock.h"

namespace balance {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

class SuspendTest : public testing::Test {
 protected:
  // Runs the loop until `expected` callbacks have come, or for a time in which a timer that slept
  // through the suspend would not ring.
  int RungAfterSuspend(Duration suspend, int expected) {
    // By then every timer is set by the time that was left before the suspend.
    boost::asio::post(loop_, [suspend] { Suspend(suspend); });
    const auto give_up = std::chrono::steady_clock::now() + seconds(30);
    while (rung_ < expected && std::chrono::steady_clock::now() < give_up) {
      loop_.run_one_for(seconds(1));
    }
    return rung_;
  }

  boost::asio::io_context loop_;
  SystemClock clock_;
  int rung_ = 0;
};

TEST_F(SuspendTest, M100_SteadyTimeGoesOn) {
  const Now before{clock_.WallNow(), clock_.SteadyNow()};

  Suspend(hours(8));

  EXPECT_GE(clock_.SteadyNow() - before.steady, hours(8));
  EXPECT_LT(clock_.SteadyNow() - before.steady, hours(8) + minutes(1));
  EXPECT_GE(clock_.WallNow() - before.wall, hours(8));
}

TEST_F(SuspendTest, M100_AnAlarmThatBecameDueRingsSoonAfterTheResume) {
  Alarm alarm(loop_.get_executor(), clock_);
  alarm.Set(clock_.SteadyNow() + hours(1), [this] { ++rung_; });

  EXPECT_EQ(RungAfterSuspend(hours(2), 1), 1);
}

TEST_F(SuspendTest, M100_ASleepThatBecameDueEndsSoonAfterTheResume) {
  const SteadyTime due = clock_.SteadyNow() + hours(1);
  boost::asio::co_spawn(
      loop_,
      [&]() -> boost::asio::awaitable<void> {
        co_await clock_.SleepUntil(due);
        EXPECT_GE(clock_.SteadyNow(), due);
        ++rung_;
      },
      boost::asio::detached);

  EXPECT_EQ(RungAfterSuspend(hours(2), 1), 1);
}

TEST_F(SuspendTest, M100_AnAlarmThatIsNotDueYetStaysSilent) {
  const auto begin = std::chrono::steady_clock::now();
  Alarm late(loop_.get_executor(), clock_);
  late.Set(clock_.SteadyNow() + hours(9), [this] { rung_ += 10; });
  Alarm due(loop_.get_executor(), clock_);
  due.Set(clock_.SteadyNow() + hours(1), [this] { ++rung_; });

  EXPECT_EQ(RungAfterSuspend(hours(8), 1), 1);

  EXPECT_LT(std::chrono::steady_clock::now() - begin, minutes(1));
}

}  // namespace
}  // namespace balance
