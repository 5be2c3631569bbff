// Readers that stop, or take messages slowly.

#include <gmock/gmock.h>

#include <string>

#include "tests/unit/rpc/watch_fixture.h"

namespace balance {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::SizeIs;

TEST_F(WatchStreamTest, M44_AReaderThatStopsIsSentTheNewestAndToldWhatItMissed) {
  Read("desk-1", "0.00");
  Serve();
  WatchCall& call = Watch(Named({"desk-1"}));
  Run();
  call.TakeMessages();
  call.Pause();
  for (int i = 1; i <= 1000; ++i) {
    clock_.Advance(milliseconds(15));
    Read("desk-1", std::to_string(i) + ".00");
    Run();
  }
  const auto taken = call.TakeMessages();
  // One was under way when it stopped.
  ASSERT_THAT(taken, SizeIs(1));
  EXPECT_EQ(CashOf(taken[0]), "1.00");

  call.GoOn();
  Run();

  const auto messages = call.TakeMessages();
  ASSERT_THAT(messages, SizeIs(1));
  EXPECT_EQ(CashOf(messages[0]), "1000.00");
  EXPECT_EQ(messages[0].skipped(), 998);
  EXPECT_EQ(counts_.skipped, 998);
}

TEST_F(WatchStreamTest, AChangeThatIsSentBeforeItIsHeardOfIsNotSentAgain) {
  Read("desk-1", "0.00");
  Serve();
  WatchCall& call = Watch(Named({"desk-1"}));
  Run();
  call.Pause();
  for (const char* cash : {"1.00", "2.00"}) {
    Read("desk-1", cash);
    Run();
  }
  call.TakeMessages();
  // The reader goes on while the stream has not been woken for this one yet.
  Read("desk-1", "3.00");
  call.GoOn();
  Run();

  const auto messages = call.TakeMessages();
  ASSERT_THAT(messages, SizeIs(1));
  EXPECT_EQ(CashOf(messages[0]), "3.00");
}

// A change goes out to thousands of streams: each would be called twice.

TEST_F(WatchStreamTest, AMessageBehindWhichNothingWaitsIsNotWaitedFor) {
  Read("desk-1", "0.00");
  Serve();
  WatchCall& call = Watch(Named({"desk-1"}));
  Run();
  const int asked = call.asked_for_room();

  for (const std::string cash : {"1.00", "2.00", "3.00"}) {
    Read("desk-1", cash);
    Run();
  }

  EXPECT_EQ(CashOf(call.TakeMessages().back()), "3.00");
  EXPECT_EQ(call.asked_for_room(), asked);
}

TEST_F(WatchStreamTest, M44_AReaderOfAMessageBehindWhichNothingWaitsIsEndedAsWell) {
  Serve();
  v1::WatchAccountSnapshotsRequest request = Named({"desk-1"});
  request.mutable_heartbeat_interval()->set_seconds(60);
  WatchCall& call = Watch(request);
  Run();
  call.Pause();
  clock_.Advance(seconds(30));
  Read("desk-1", "1.00");
  Run();
  Advance(milliseconds(19999));
  EXPECT_FALSE(call.has_ended());
  Advance(milliseconds(1));

  ASSERT_TRUE(call.has_ended());
  EXPECT_EQ(ReasonOf(call.status()), "WATCHER_TOO_SLOW");
}

TEST_F(WatchStreamTest, M44_AReaderThatTakesNothingForTwentySecondsIsEnded) {
  Serve();
  WatchCall& call = Watch(Named({"desk-1"}));
  WatchCall& other = Watch(Named({"desk-1"}));
  call.Pause();
  Run();
  Advance(milliseconds(19999));
  EXPECT_FALSE(call.has_ended());
  Advance(milliseconds(1));

  ASSERT_TRUE(call.has_ended());
  EXPECT_EQ(call.status().code, StatusCode::kAborted);
  EXPECT_EQ(ReasonOf(call.status()), "WATCHER_TOO_SLOW");
  // What is stuck in the middle is reset.
  EXPECT_TRUE(call.was_aborted());
  EXPECT_FALSE(other.has_ended());
  EXPECT_THAT(counts_.ends, ElementsAre(WatchEnd::kTooSlow));
}

}  // namespace
}  // namespace balance
