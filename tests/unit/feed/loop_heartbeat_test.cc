#include "service/feed/loop_heartbeat.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <thread>

#include "tests/support/fake_clock.h"

namespace balance {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class LoopHeartbeatTest : public testing::Test {
 protected:
  LoopHeartbeatTest() { heartbeat_.Start(); }

  void Run() {
    loop_.restart();
    loop_.poll();
  }

  boost::asio::io_context loop_;
  FakeClock clock_;
  LoopHeartbeat heartbeat_{loop_.get_executor(), clock_};
};

TEST_F(LoopHeartbeatTest, ALoopThatTurnsBeats) {
  for (int i = 0; i < 100; ++i) {
    clock_.Advance(LoopHeartbeat::kInterval);
    Run();
    ASSERT_TRUE(heartbeat_.IsBeating(LoopHeartbeat::kInterval));
  }
  EXPECT_EQ(heartbeat_.Lateness(), Duration(0));
}

TEST_F(LoopHeartbeatTest, M116_ALoopThatIsStuckIsNoticed) {
  clock_.Advance(seconds(1));

  EXPECT_TRUE(heartbeat_.IsBeating(seconds(1)));
  clock_.Advance(milliseconds(1));
  EXPECT_FALSE(heartbeat_.IsBeating(Duration(0)));
}

TEST_F(LoopHeartbeatTest, M116_AfterAPauseOfTheProcessTheNextBeatIsWaitedFor) {
  clock_.Advance(seconds(6));
  std::thread loop([this] { Run(); });

  // The beat may come before the question or after it.
  EXPECT_TRUE(heartbeat_.IsBeating(seconds(5)));
  loop.join();
}

TEST_F(LoopHeartbeatTest, ItsLatenessIsThatOfTheLastFewSeconds) {
  clock_.Advance(LoopHeartbeat::kInterval + milliseconds(30));
  Run();
  EXPECT_EQ(heartbeat_.Lateness(), milliseconds(30));

  for (Duration passed(0); passed < 2 * LoopHeartbeat::kMemory;
       passed += LoopHeartbeat::kInterval) {
    clock_.Advance(LoopHeartbeat::kInterval);
    Run();
  }

  EXPECT_EQ(heartbeat_.Lateness(), Duration(0));
}

TEST_F(LoopHeartbeatTest, WhatIsStoppedKeepsNoLoop) {
  heartbeat_.Stop();
  Run();

  EXPECT_EQ(clock_.sleepers(), 0U);
}

}  // namespace
}  // namespace balance
