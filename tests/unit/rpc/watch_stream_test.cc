#include <gmock/gmock.h>
#include <malloc.h>

#include <set>

#include "google/rpc/error_details.pb.h"
#include "tests/unit/rpc/watch_fixture.h"

namespace balance {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

std::string ReasonOf(const CallStatus& status) {
  google::rpc::Status details;
  google::rpc::ErrorInfo info;
  EXPECT_TRUE(details.ParseFromString(status.details));
  for (const auto& any : details.details()) any.UnpackTo(&info);
  return info.reason();
}

bool HasRetryInfo(const CallStatus& status) {
  google::rpc::Status details;
  google::rpc::RetryInfo retry;
  EXPECT_TRUE(details.ParseFromString(status.details));
  for (const auto& any : details.details()) {
    if (any.UnpackTo(&retry)) return true;
  }
  return false;
}

std::string CashOf(const Message& message) {
  return message.snapshot().sources(0).balance_set().balances(0).cash().value();
}

v1::WatchAccountSnapshotsRequest Named(const std::vector<std::string>& accounts) {
  v1::WatchAccountSnapshotsRequest request;
  for (const std::string& account : accounts) request.add_names("accounts/" + account);
  return request;
}

class WatchStreamTest : public WatchFixture {
 protected:
  WatchStreamTest() {
    AddAccount("desk-1");
    AddAccount("desk-2");
  }

  // The paused reader takes messages again once both accounts are gone.
  void RemoveBothBeforeItGoesOn(WatchCall& call) {
    RemoveAccount("desk-1");
    RemoveAccount("desk-2");
    Serve();
    Run();
    call.GoOn();
    Run();
  }
};

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

TEST_F(WatchStreamTest, M165_AStreamWithMoreAccountsThanAreLeftIsToldToAskForFewer) {
  for (int i = 0; i < 10; ++i) AddAccount("more-" + std::to_string(i));
  limits_.most_accounts = accounts_.size() + 3;
  Serve();
  WatchCall& all = Watch();
  WatchCall& second = Watch();

  EXPECT_FALSE(all.has_ended());
  ASSERT_TRUE(second.has_ended());
  EXPECT_EQ(second.status().code, StatusCode::kResourceExhausted);
  EXPECT_EQ(ReasonOf(second.status()), "TOO_MANY_WATCHERS");
  EXPECT_THAT(second.status().message, HasSubstr("server.max_watched_accounts"));
  EXPECT_TRUE(HasRetryInfo(second.status()));
  EXPECT_THAT(counts_.ends, ElementsAre(WatchEnd::kTooMany));
  v1::WatchAccountSnapshotsRequest few;
  for (int i = 0; i < 3; ++i) few.add_names("accounts/more-" + std::to_string(i));
  EXPECT_FALSE(Watch(few).has_ended());

  all.Leave();
  EXPECT_FALSE(Watch().has_ended());
}

TEST_F(WatchStreamTest, M165_WhatAReloadAddsCountsButEndsNoStream) {
  limits_.most_accounts = 5;
  Serve();
  WatchCall& all = Watch();
  for (int i = 0; i < 10; ++i) AddAccount("more-" + std::to_string(i));
  Serve();
  Run();

  EXPECT_FALSE(all.has_ended());
  v1::WatchAccountSnapshotsRequest one;
  one.add_names("accounts/more-1");
  EXPECT_EQ(ReasonOf(Watch(one).status()), "TOO_MANY_WATCHERS");
}

// Bytes that the allocator has given out. (A sanitizer's allocator tells of none.)
std::size_t AllocatedBytes() {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

TEST_F(WatchStreamTest, M165_AnAccountOfAStreamTakesNoMoreThanTheLimitOfThemSays) {
  constexpr std::size_t kAccounts = 2000;
  constexpr std::size_t kStreams = 10;
  for (std::size_t i = 0; i < kAccounts; ++i) AddAccount("more-" + std::to_string(i));
  Serve();
  Watch();
  Run();
  calls_[0].TakeMessages();
  const std::size_t before = AllocatedBytes();

  for (std::size_t i = 1; i <= kStreams; ++i) {
    Watch();
    Run();
    calls_[i].TakeMessages();
  }
  const double each = static_cast<double>(AllocatedBytes() - before) / (kAccounts * kStreams);

  RecordProperty("bytes_of_an_account_of_a_stream", std::to_string(each));
  EXPECT_LE(each, 250);
}

TEST_F(WatchStreamTest, M165_MoreStreamsThanAllowedAreToldWhenToComeAgain) {
  limits_.most = 2;
  Serve();
  Watch();
  Watch();
  WatchCall& third = Watch();

  ASSERT_TRUE(third.has_ended());
  EXPECT_EQ(third.status().code, StatusCode::kResourceExhausted);
  EXPECT_EQ(ReasonOf(third.status()), "TOO_MANY_WATCHERS");
  EXPECT_TRUE(HasRetryInfo(third.status()));
  EXPECT_THAT(counts_.ends, ElementsAre(WatchEnd::kTooMany));
  EXPECT_EQ(counts_.begun, 2);
  calls_[0].Leave();
  EXPECT_FALSE(Watch().has_ended());
}

TEST_F(WatchStreamTest, BadRequestsEndAStreamThatNeverBegan) {
  Serve();
  v1::WatchAccountSnapshotsRequest twice = Named({"desk-1", "desk-1"});
  v1::WatchAccountSnapshotsRequest unknown = Named({"desk-1", "desk-9"});
  v1::WatchAccountSnapshotsRequest malformed;
  malformed.add_names("Desk");
  v1::WatchAccountSnapshotsRequest no_source = Named({"desk-1"});
  no_source.add_sources("other");

  EXPECT_EQ(ReasonOf(Watch(twice).status()), "INVALID_BATCH");
  EXPECT_EQ(ReasonOf(Watch(unknown).status()), "ACCOUNT_NOT_CONFIGURED");
  EXPECT_EQ(Watch(unknown).status().code, StatusCode::kNotFound);
  EXPECT_EQ(ReasonOf(Watch(malformed).status()), "INVALID_NAME");
  EXPECT_EQ(ReasonOf(Watch(no_source).status()), "INVALID_READ_POLICY");
  EXPECT_EQ(counts_.begun, 0);
  EXPECT_EQ(rpc_.watches(), 0u);
  EXPECT_EQ(watched_["desk-1"], 0);
  EXPECT_EQ(counts_.started, counts_.handled);
}

TEST_F(WatchStreamTest, OneAccountIsNotNamedTwiceInTwoWays) {
  RemoveAccount("desk-2");
  Serve();
  v1::WatchAccountSnapshotsRequest request = Named({"desk-1"});
  request.add_names("");
  WatchCall& call = Watch(request);

  ASSERT_TRUE(call.has_ended());
  EXPECT_EQ(ReasonOf(call.status()), "INVALID_BATCH");
  EXPECT_THAT(call.status().message, HasSubstr("accounts/desk-1"));
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

TEST_F(WatchStreamTest, AReloadThatChangesNothingOfAnAccountIsNotHeardOf) {
  Serve();
  WatchCall& call = Watch();
  Run();
  call.TakeMessages();
  Serve();
  Run();

  EXPECT_THAT(call.TakeMessages(), IsEmpty());
  EXPECT_EQ(watched_["desk-1"], 1);
}

TEST_F(WatchStreamTest, AStreamOfAllAccountsFollowsTheConfiguration) {
  Serve();
  WatchCall& call = Watch();
  Run();
  call.TakeMessages();
  RemoveAccount("desk-2");
  AddAccount("desk-3");
  Serve();
  Run();

  auto messages = call.TakeMessages();
  ASSERT_THAT(messages, SizeIs(2));
  EXPECT_EQ(messages[0].removed(), "accounts/desk-2");
  EXPECT_EQ(messages[1].snapshot().name(), "accounts/desk-3");
  EXPECT_EQ(watched_["desk-2"], 0);
  EXPECT_EQ(watched_["desk-3"], 1);

  AddAccount("desk-2", {"real"}, "2");
  Serve();
  Run();
  messages = call.TakeMessages();
  ASSERT_THAT(messages, SizeIs(1));
  EXPECT_EQ(messages[0].snapshot().name(), "accounts/desk-2");
}

TEST_F(WatchStreamTest, AStreamOfAllAccountsFollowsSeveralReloadsAtOnce) {
  Serve();
  WatchCall& call = Watch();
  Run();
  call.TakeMessages();
  RemoveAccount("desk-2");
  Serve();
  AddAccount("desk-0");
  Serve();
  Run();

  const auto messages = call.TakeMessages();
  ASSERT_THAT(messages, SizeIs(2));
  EXPECT_EQ(messages[0].removed(), "accounts/desk-2");
  EXPECT_EQ(messages[1].snapshot().name(), "accounts/desk-0");
}

TEST_F(WatchStreamTest, AStreamOfAllAccountsFollowsAReloadOfManyAndThenOneOfFew) {
  Serve();
  WatchCall& call = Watch();
  Run();
  call.TakeMessages();
  const auto name = [](std::size_t number) { return "more-" + std::to_string(number); };
  for (std::size_t i = 0; i <= WatchStream::kFewChanges; ++i) AddAccount(name(i));
  Serve();
  Run();
  EXPECT_THAT(call.TakeMessages(), SizeIs(WatchStream::kFewChanges + 1));

  RemoveAccount(name(7));
  RemoveAccount("desk-1");
  AddAccount("desk-0");
  Serve();
  Run();

  const auto messages = call.TakeMessages();
  ASSERT_THAT(messages, SizeIs(3));
  EXPECT_EQ(messages[0].snapshot().name(), "accounts/desk-0");
  EXPECT_EQ(messages[1].removed(), "accounts/desk-1");
  EXPECT_EQ(messages[2].removed(), "accounts/" + name(7));
  EXPECT_EQ(watched_["desk-1"], 0);
}

TEST_F(WatchStreamTest, M163_AnAccountThatIsMadeAnewIsFollowedIntoItsNewEpoch) {
  Read("desk-1", "10.00");
  Serve();
  WatchCall& call = Watch(Named({"desk-1"}));
  Run();
  call.TakeMessages();
  call.Pause();
  Read("desk-1", "11.00");
  Run();
  call.TakeMessages();
  Read("desk-1", "12.00");
  AddAccount("desk-1", {"real"}, "2");
  Read("desk-1", "13.00");
  Serve();
  Run();
  call.GoOn();
  Run();

  const auto messages = call.TakeMessages();
  ASSERT_THAT(messages, SizeIs(1));
  EXPECT_EQ(messages[0].snapshot().revision().epoch(), "2");
  // 12.00, and the cold state of the new epoch.
  EXPECT_EQ(messages[0].skipped(), 2);
  Read("desk-1", "14.00");
  Run();
  EXPECT_EQ(CashOf(call.TakeMessages().back()), "14.00");
}

TEST_F(WatchStreamTest, M163_WhatIsRemovedIsToldInTheMomentOfTheReload) {
  v1::WatchAccountSnapshotsRequest request;
  request.mutable_heartbeat_interval()->set_seconds(60);
  request.mutable_min_interval()->set_seconds(60);
  Serve();
  WatchCall& call = Watch(request);
  Run();
  call.TakeMessages();
  RemoveAccount("desk-1");
  const SteadyTime reload = clock_.SteadyNow();
  Serve();
  Run();

  const auto messages = call.TakeMessages();
  ASSERT_THAT(messages, SizeIs(1));
  EXPECT_EQ(messages[0].removed(), "accounts/desk-1");
  EXPECT_EQ(clock_.SteadyNow(), reload);
}

TEST_F(WatchStreamTest, M163_WhenAllNamedAccountsAreGoneEachIsToldAndThenTheStreamEnds) {
  Serve();
  WatchCall& call = Watch(Named({"desk-1", "desk-2"}));
  Run();
  call.TakeMessages();
  RemoveAccount("desk-1");
  Serve();
  Run();
  ASSERT_THAT(call.TakeMessages(), SizeIs(1));
  EXPECT_FALSE(call.has_ended());
  RemoveAccount("desk-2");
  Serve();
  Run();

  const auto messages = call.TakeMessages();
  ASSERT_THAT(messages, SizeIs(1));
  EXPECT_EQ(messages[0].removed(), "accounts/desk-2");
  ASSERT_TRUE(call.has_ended());
  EXPECT_EQ(call.status().code, StatusCode::kNotFound);
  EXPECT_EQ(ReasonOf(call.status()), "ACCOUNT_NOT_CONFIGURED");
}

TEST_F(WatchStreamTest, M163_AStreamEndsAlsoIfItsReaderNeverKnewOfTheAccountsThatAreGone) {
  Serve();
  WatchCall& call = Watch(Named({"desk-1", "desk-2"}));
  call.Pause();
  // One of them fits into the window; the other waits.
  Run();
  RemoveBothBeforeItGoesOn(call);

  const auto messages = call.TakeMessages();
  EXPECT_EQ(messages.front().snapshot().name(), "accounts/desk-1");
  EXPECT_EQ(messages.back().removed(), "accounts/desk-1");
  for (const auto& message : messages) {
    EXPECT_NE(message.snapshot().name(), "accounts/desk-2");
    EXPECT_NE(message.removed(), "accounts/desk-2");
  }
  ASSERT_TRUE(call.has_ended());
  EXPECT_EQ(call.status().code, StatusCode::kNotFound);
}

TEST_F(WatchStreamTest, M163_AStreamEndsIfTheAccountThatCameBackGoesBeforeItWasTold) {
  Serve();
  WatchCall& call = Watch(Named({"desk-1", "desk-2"}));
  Run();
  RemoveAccount("desk-2");
  Serve();
  Run();
  call.Pause();
  Read("desk-1", "1.00");
  Run();
  AddAccount("desk-2");
  Serve();
  Run();
  RemoveBothBeforeItGoesOn(call);

  EXPECT_EQ(call.TakeMessages().back().removed(), "accounts/desk-1");
  ASSERT_TRUE(call.has_ended());
  EXPECT_EQ(call.status().code, StatusCode::kNotFound);
}

TEST_F(WatchStreamTest, M163_AccessThatIsTakenAwayEndsInRemovedAndAtLastInPermissionDenied) {
  Serve({Rule("bot", "sesame", {"desk-1", "desk-2"})});
  WatchCall& call = WatchWithToken("sesame", Named({"desk-1", "desk-2"}));
  Run();
  call.TakeMessages();
  Serve({Rule("bot", "sesame", {"desk-2"})});
  Run();
  auto messages = call.TakeMessages();
  ASSERT_THAT(messages, SizeIs(1));
  EXPECT_EQ(messages[0].removed(), "accounts/desk-1");
  EXPECT_EQ(watched_["desk-1"], 0);

  Serve({Rule("bot", "sesame", {"desk-3"})});
  Run();

  ASSERT_TRUE(call.has_ended());
  EXPECT_EQ(call.status().code, StatusCode::kPermissionDenied);
  EXPECT_EQ(ReasonOf(call.status()), "CALLER_NOT_ALLOWED");
  EXPECT_THAT(counts_.ends, ElementsAre(WatchEnd::kAccessLost));
}

TEST_F(WatchStreamTest, M163_ATokenThatIsRevokedEndsTheStream) {
  Serve({Rule("bot", "sesame", {}), Rule("desk", "open", {})});
  WatchCall& call = WatchWithToken("sesame");
  WatchCall& other = WatchWithToken("open");
  Run();
  Serve({Rule("desk", "open", {})});
  Run();

  ASSERT_TRUE(call.has_ended());
  EXPECT_EQ(call.status().code, StatusCode::kPermissionDenied);
  EXPECT_FALSE(other.has_ended());
}

TEST_F(WatchStreamTest, ATokenThatExpiresEndsTheStreamWithTheNextHeartbeat) {
  CallerRule rule = Rule("bot", "sesame", {});
  std::get<BearerTokens>(rule.identity).hashes.front().expire_time = clock_.WallNow() + seconds(7);
  Serve({rule});
  WatchCall& call = WatchWithToken("sesame");
  Advance(seconds(6));
  EXPECT_FALSE(call.has_ended());
  Advance(seconds(6));

  EXPECT_TRUE(call.has_ended());
}

TEST_F(WatchStreamTest, ATokenThatExpiresEndsAStreamWithoutRestAsWell) {
  CallerRule rule = Rule("bot", "sesame", {});
  std::get<BearerTokens>(rule.identity).hashes.front().expire_time = clock_.WallNow() + seconds(7);
  Serve({rule});
  WatchCall& call = WatchWithToken("sesame");
  int changes = 0;
  const auto change = [&] {
    Advance(milliseconds(500));
    Read("desk-1", std::to_string(++changes) + ".00");
    Run();
  };
  while (changes < 13) change();
  EXPECT_FALSE(call.has_ended());
  while (changes < 24) change();

  ASSERT_TRUE(call.has_ended());
  EXPECT_EQ(call.status().code, StatusCode::kPermissionDenied);
}

TEST_F(WatchStreamTest, M163_ACertificateThatNobodyVouchesForAnyMoreEndsTheStream) {
  CallerRule rule;
  rule.id = "bot";
  rule.identity = SpiffeId{"spiffe://desk/bot"};
  rule.all_accounts = true;
  rule.methods.set();
  Serve({rule});
  WatchCall& call = calls_.emplace_back(clock_, "");
  call.ShowCertificate("spiffe://desk/bot");
  rpc_.Handle(RpcMethod::kWatchAccountSnapshots, call);
  Run();
  ASSERT_FALSE(call.has_ended());

  call.WithdrawCertificate();

  ASSERT_TRUE(call.has_ended());
  EXPECT_EQ(call.status().code, StatusCode::kUnauthenticated);
}

TEST_F(WatchStreamTest, ACallerWhoMayNotWatchIsRefused) {
  CallerRule rule = Rule("bot", "sesame", {});
  rule.methods.reset(static_cast<std::size_t>(RpcMethod::kWatchAccountSnapshots));
  Serve({rule});

  EXPECT_EQ(WatchWithToken("sesame").status().code, StatusCode::kPermissionDenied);
  EXPECT_EQ(WatchWithToken("other").status().code, StatusCode::kUnauthenticated);
  EXPECT_EQ(counts_.denied, 2);
}

TEST_F(WatchStreamTest, OthersAccountsAreNotToldApartFromThoseThatDoNotExist) {
  Serve({Rule("bot", "sesame", {"desk-1"})});

  EXPECT_EQ(WatchWithToken("sesame", Named({"desk-2"})).status().code,
            StatusCode::kPermissionDenied);
  EXPECT_EQ(WatchWithToken("sesame", Named({"desk-9"})).status().code,
            StatusCode::kPermissionDenied);
  WatchCall& all = WatchWithToken("sesame");
  Run();
  EXPECT_THAT(all.TakeMessages(), SizeIs(2));
}

TEST_F(WatchStreamTest, M165_CallersHaveALimitOfTheirOwn) {
  limits_.most_of_caller = 1;
  Serve({Rule("bot", "sesame", {}), Rule("desk", "open", {})});
  WatchWithToken("sesame");

  EXPECT_EQ(ReasonOf(WatchWithToken("sesame").status()), "TOO_MANY_WATCHERS");
  EXPECT_FALSE(WatchWithToken("open").has_ended());
}

}  // namespace
}  // namespace balance
