// Messages and heartbeats of a stream, and whom it ends for good.

#include <gmock/gmock.h>

#include <set>
#include <string>
#include <vector>

#include "tests/unit/rpc/watch_fixture.h"

namespace balance {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

TEST_F(WatchStreamTest, TheFirstMessagesComeAtOnceAndAHeartbeatEndsThem) {
  Read("desk-1", "10.00");
  Serve();
  WatchCall& call = Watch();
  Run();

  const auto messages = call.TakeMessages();
  ASSERT_THAT(messages, SizeIs(3));
  EXPECT_EQ(messages[0].snapshot().name(), "accounts/desk-1");
  EXPECT_EQ(CashOf(messages[0]), "10.00");
  EXPECT_EQ(messages[0].skipped(), 0);
  EXPECT_EQ(messages[0].snapshot().serve_time().seconds(), messages[0].serve_time().seconds());
  EXPECT_EQ(messages[0].serve_time().seconds(),
            std::chrono::floor<seconds>(clock_.WallNow().time_since_epoch()).count());
  // What is not known yet is told as such; nobody waits for an upstream.
  EXPECT_EQ(messages[1].snapshot().sources(0).state(), v1::SourceBalance_State_NO_DATA);
  ASSERT_TRUE(messages[2].has_heartbeat());
  EXPECT_EQ(messages[2].heartbeat().interval().seconds(), 5);
  EXPECT_FALSE(messages[2].heartbeat().synced());
  EXPECT_THAT(messages[2].heartbeat().sources(), IsEmpty());
  EXPECT_TRUE(call.outlives_connection());
}

TEST_F(WatchStreamTest, AnEmptyServiceEndsItsInitialStateToo) {
  accounts_.clear();
  Serve();
  WatchCall& call = Watch();
  Run();

  const auto messages = call.TakeMessages();
  ASSERT_THAT(messages, SizeIs(1));
  EXPECT_TRUE(messages[0].heartbeat().synced());
}

TEST_F(WatchStreamTest, AChangeIsSentAndNewTimesAreTheHeartbeats) {
  Read("desk-1", "10.00");
  Serve();
  WatchCall& call = Watch(Named({"desk-1"}));
  Run();
  call.TakeMessages();

  clock_.Advance(seconds(1));
  Read("desk-1", "10.00");
  Run();
  EXPECT_THAT(call.TakeMessages(), IsEmpty());
  Read("desk-1", "11.00");
  Run();

  const auto messages = call.TakeMessages();
  ASSERT_THAT(messages, SizeIs(1));
  EXPECT_EQ(CashOf(messages[0]), "11.00");
  EXPECT_EQ(messages[0].snapshot().revision().number(), NumberOf("desk-1"));
}

TEST_F(WatchStreamTest, HeartbeatsProveUpToWhenNothingHasChanged) {
  Read("desk-1", "10.00");
  Serve();
  WatchCall& call = Watch(Named({"desk-1"}));
  Advance(seconds(1));
  Read("desk-1", "10.00");
  call.TakeMessages();
  const WallTime observed = clock_.WallNow();
  Advance(seconds(5));

  auto messages = call.TakeMessages();
  ASSERT_THAT(messages, SizeIs(1));
  const auto& heartbeat = messages[0].heartbeat();
  ASSERT_THAT(heartbeat.sources(), SizeIs(1));
  EXPECT_EQ(heartbeat.sources(0).name(), "accounts/desk-1/sources/real");
  EXPECT_EQ(heartbeat.sources(0).observe_time().seconds(),
            std::chrono::floor<seconds>(observed.time_since_epoch()).count());
  EXPECT_EQ(heartbeat.sources(0).fresh_until().seconds(),
            heartbeat.sources(0).observe_time().seconds() + 2);
  EXPECT_TRUE(heartbeat.synced());

  // What was told once is not told again.
  Age("desk-1");
  Advance(seconds(6));
  messages = call.TakeMessages();
  EXPECT_TRUE(messages.back().has_heartbeat());
  EXPECT_THAT(messages.back().heartbeat().sources(), IsEmpty());
}

TEST_F(WatchStreamTest, AHeartbeatNeverProvesAStateThatWasNotTold) {
  Read("desk-1", "10.00");
  Serve();
  v1::WatchAccountSnapshotsRequest request = Named({"desk-1"});
  request.mutable_min_interval()->set_seconds(30);
  WatchCall& call = Watch(request);
  Run();
  call.TakeMessages();
  clock_.Advance(seconds(1));
  Read("desk-1", "11.00");
  Advance(seconds(20));

  for (const Message& message : call.TakeMessages()) {
    ASSERT_TRUE(message.has_heartbeat());
    EXPECT_THAT(message.heartbeat().sources(), IsEmpty());
  }
  Advance(seconds(10));
  EXPECT_EQ(CashOf(call.TakeMessages().back()), "11.00");
}

TEST_F(WatchStreamTest, SyncedComesBehindWhatWasRead) {
  Serve();
  v1::WatchAccountSnapshotsRequest request = Named({"desk-1"});
  request.mutable_min_interval()->set_seconds(30);
  WatchCall& call = Watch(request);
  Run();
  call.TakeMessages();
  Advance(seconds(1));
  Read("desk-1", "11.00");
  Advance(seconds(40));

  bool is_told = false;
  std::size_t before = 0;
  for (const Message& message : call.TakeMessages()) {
    if (message.has_snapshot()) is_told = CashOf(message) == "11.00";
    if (!is_told) ++before;
    if (!message.has_heartbeat()) continue;
    EXPECT_EQ(message.heartbeat().synced(), is_told);
  }
  EXPECT_TRUE(is_told);
  EXPECT_GT(before, 3u);
}

TEST_F(WatchStreamTest, M162_StaleComesAsASnapshotWhileHeartbeatsGoOn) {
  Read("desk-1", "10.00");
  Serve();
  WatchCall& call = Watch(Named({"desk-1"}));
  Run();
  call.TakeMessages();
  clock_.Advance(seconds(3));
  Age("desk-1");
  Run();

  const auto messages = call.TakeMessages();
  ASSERT_THAT(messages, SizeIs(1));
  EXPECT_EQ(messages[0].snapshot().sources(0).state(), v1::SourceBalance::STALE);
  Advance(seconds(12));
  for (const Message& message : call.TakeMessages()) {
    EXPECT_THAT(message.heartbeat().sources(), IsEmpty());
  }
}

TEST_F(WatchStreamTest, M161_AStateIsEncodedOnceForAllStreamsAndReads) {
  Read("desk-1", "10.00");
  Serve();
  WatchCall& first = Watch(Named({"desk-1"}));
  WatchCall& second = Watch(Named({"desk-1"}));
  v1::WatchAccountSnapshotsRequest request = Named({"desk-1"});
  request.set_view(v1::FULL);
  WatchCall& full = Watch(request);
  Run();

  const auto view = accounts_.at("desk-1").publisher->Get();
  EXPECT_EQ(first.shared()[0], second.shared()[0]);
  EXPECT_EQ(first.shared()[0], view->Encoded(EncodeView::kBasic).data());
  EXPECT_EQ(full.shared()[0], view->Encoded(EncodeView::kFull).data());
}

TEST_F(WatchStreamTest, EachAccountIsWatchedOnceAStreamAndNoLongerThanIt) {
  Serve();
  WatchCall& first = Watch();
  WatchCall& second = Watch(Named({"desk-2"}));
  EXPECT_EQ(watched_["desk-1"], 1);
  EXPECT_EQ(watched_["desk-2"], 2);

  second.Leave();
  EXPECT_EQ(watched_["desk-2"], 1);
  first.Leave();

  EXPECT_EQ(watched_["desk-1"], 0);
  EXPECT_EQ(watched_["desk-2"], 0);
  EXPECT_EQ(rpc_.watches(), 0u);
  EXPECT_EQ(counts_.handled, 2);
  EXPECT_THAT(counts_.ends, ElementsAre(WatchEnd::kCallerLeft, WatchEnd::kCallerLeft));
}

TEST_F(WatchStreamTest, FiltersShowAPartAndChangesOfTheRestAreNotSent) {
  AddAccount("desk-1", {"real", "paper"});
  Read("desk-1", "10.00");
  Read("desk-1", "20.00", 1);
  Serve();
  v1::WatchAccountSnapshotsRequest request = Named({"desk-1"});
  request.add_sources("paper");
  WatchCall& call = Watch(request);
  Run();
  auto messages = call.TakeMessages();
  EXPECT_EQ(messages[0].snapshot().sources(0).state(), v1::SourceBalance::NOT_REQUESTED);
  EXPECT_EQ(messages[0].snapshot().sources(1).state(), v1::SourceBalance::FRESH);

  Read("desk-1", "11.00");
  Run();
  EXPECT_THAT(call.TakeMessages(), IsEmpty());
  Read("desk-1", "21.00", 1);
  Run();

  messages = call.TakeMessages();
  ASSERT_THAT(messages, SizeIs(1));
  EXPECT_EQ(messages[0].skipped(), 0);
  EXPECT_EQ(messages[0].snapshot().revision().number(), NumberOf("desk-1"));
}

TEST_F(WatchStreamTest, LeastIntervalsAreKept) {
  Read("desk-1", "0.00");
  Serve();
  v1::WatchAccountSnapshotsRequest request = Named({"desk-1"});
  request.mutable_min_interval()->set_seconds(2);
  WatchCall& call = Watch(request);
  Run();
  call.TakeMessages();
  for (int i = 1; i <= 100; ++i) {
    Advance(milliseconds(100));
    Read("desk-1", std::to_string(i) + ".00");
  }
  Run();

  std::int64_t told = 0;
  for (const Message& message : call.TakeMessages()) told += message.has_snapshot() ? 1 : 0;
  EXPECT_EQ(told, 5);
}

TEST_F(WatchStreamTest, ALongHeartbeatIsContinuedInTheNextOne) {
  const std::size_t count = WatchStream::kMostProgress + 2;
  for (std::size_t i = 0; i < count; ++i) AddAccount("many-" + std::to_string(i));
  Serve();
  WatchCall& call = Watch();
  Run();
  std::set<std::string> told;
  for (int beat = 0; beat < 2; ++beat) {
    // All have news at each beat.
    for (std::size_t i = 0; i < count; ++i) Read("many-" + std::to_string(i), "1.00");
    Run();
    call.TakeMessages();
    clock_.Advance(seconds(1));
    for (std::size_t i = 0; i < count; ++i) Read("many-" + std::to_string(i), "1.00");
    Advance(seconds(6));
    for (const auto& message : call.TakeMessages()) {
      for (const auto& source : message.heartbeat().sources()) told.insert(source.name());
    }
  }

  EXPECT_THAT(told, SizeIs(count));
}

TEST_F(WatchStreamTest, ASnapshotThatIsTooLargeSaysWhatToAskForInstead) {
  Read("desk-1", "10.00");
  max_answer_size_ = 100;
  Serve();
  WatchCall& call = Watch(Named({"desk-1"}));

  ASSERT_TRUE(call.has_ended());
  EXPECT_EQ(ReasonOf(call.status()), "ANSWER_TOO_LARGE");
}

// --- Reloads ------------------------------------------------------------------------------------

TEST_F(WatchStreamTest, AStreamEndsAtItsAgeWithGoodbye) {
  limits_.max_age = seconds(60);
  Serve();
  WatchCall& call = Watch();
  Advance(seconds(47));
  EXPECT_FALSE(call.has_ended());
  Advance(seconds(26));

  ASSERT_TRUE(call.has_ended());
  const Message last = call.TakeMessages().back();
  EXPECT_EQ(last.goodbye().reason(), Message::Goodbye::MAX_AGE);
  EXPECT_TRUE(last.goodbye().has_reconnect_after());
  EXPECT_LE(last.goodbye().reconnect_after().seconds(), 5);
  EXPECT_EQ(call.status().code, StatusCode::kUnavailable);
  EXPECT_EQ(ReasonOf(call.status()), "WATCH_ENDED");
  EXPECT_TRUE(HasRetryInfo(call.status()));
  EXPECT_THAT(counts_.ends, ElementsAre(WatchEnd::kMaxAge));
  EXPECT_EQ(watched_["desk-1"], 0);
}

TEST_F(WatchStreamTest, M164_ADrainEndsStreamsOneAfterTheOther) {
  Serve();
  for (int i = 0; i < 10; ++i) Watch();
  Run();
  rpc_.DrainWatches(seconds(10));
  std::vector<int> ended;
  for (int i = 0; i < 10; ++i) {
    Advance(seconds(1));
    int count = 0;
    for (WatchCall& call : calls_) count += call.has_ended() ? 1 : 0;
    ended.push_back(count);
  }

  EXPECT_THAT(ended, ElementsAre(2, 3, 4, 5, 6, 7, 8, 9, 10, 10));
  for (WatchCall& call : calls_) {
    EXPECT_EQ(call.TakeMessages().back().goodbye().reason(), Message::Goodbye::DRAIN);
    EXPECT_EQ(call.status().code, StatusCode::kUnavailable);
  }
}

TEST_F(WatchStreamTest, ADrainWithoutDelayEndsAllAtOnceAlsoThoseThatCome) {
  Serve();
  WatchCall& before = Watch();
  Run();
  rpc_.DrainWatches(Duration::zero());
  Run();
  EXPECT_TRUE(before.has_ended());

  WatchCall& after = Watch();
  Run();

  EXPECT_TRUE(after.has_ended());
  EXPECT_EQ(after.status().code, StatusCode::kUnavailable);
}

}  // namespace
}  // namespace balance
