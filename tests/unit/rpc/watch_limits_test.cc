// Streams that are refused, or ended, for their number or for their request.

#include <gmock/gmock.h>
#include <malloc.h>

#include "tests/unit/rpc/watch_fixture.h"

namespace balance {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

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

}  // namespace
}  // namespace balance
