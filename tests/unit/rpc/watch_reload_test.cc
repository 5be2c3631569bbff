// Streams through reloads of the configuration.

#include <gmock/gmock.h>

#include "tests/unit/rpc/watch_fixture.h"

namespace balance {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

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

}  // namespace
}  // namespace balance
