// What is stored is published, to all who listen.

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "tests/redis/fleet_store_fixture.h"

namespace balance {
namespace {

using std::chrono::milliseconds;

class FleetMessagesTest : public FleetStoreTest {};

TEST_F(FleetMessagesTest, WhatIsStoredIsToldToAllWhoListen) {
  const auto other = ConnectedStore(server_);
  std::vector<std::string> heard;
  const auto on_news = [&](FleetNews news) {
    const auto* const reading = std::get_if<FleetReading>(&news);
    heard.push_back(reading ? CashOf(reading->reading)
                            : std::get<FleetFailure>(news).error.message);
  };
  const auto first = other->Subscribe(login_, on_news);
  auto second = store_->Subscribe(login_, on_news);
  const auto third = store_->Subscribe(NamesOfKey("other key"), on_news);
  ASSERT_TRUE(Becomes([&] { return other->IsListening() && store_->IsListening(); }));

  Store(Storing(login_, ReadingOf("12.50"), Grant(Request(login_))));
  ASSERT_TRUE(Becomes([&] { return heard.size() == 2; }));
  second.reset();
  ASSERT_TRUE(Becomes([&] { return store_->IsListening(); }));
  Store(Storing(login_, Rejected(), Grant(Request(login_))));

  ASSERT_TRUE(Becomes([&] { return heard.size() == 3; }));
  RunFor(milliseconds(50));
  EXPECT_EQ(heard, (std::vector<std::string>{"12.50", "12.50", "The venue rejects the key."}));
}

TEST_F(FleetMessagesTest, AMessageTellsWhoSentTheRequestAndByWhoseLeave) {
  std::vector<std::pair<std::string, bool>> heard;
  const auto listening = store_->Subscribe(login_, [&](FleetNews news) {
    std::visit([&](const auto& each) { heard.emplace_back(each.owner, each.is_from_reserve); },
               news);
  });
  ASSERT_TRUE(Becomes([&] { return store_->IsListening(); }));
  StoreRequest offer = Storing(login_, ReadingOf("1"));
  offer.owner = "a/1";
  EXPECT_EQ(Store(offer), "kept");
  StoreRequest granted = Storing(login_, Rejected(), Grant(Request(login_)));
  granted.owner = "b/2";
  EXPECT_EQ(Store(granted), "kept");

  ASSERT_TRUE(Becomes([&] { return heard.size() == 2; }));
  EXPECT_EQ(heard, (std::vector<std::pair<std::string, bool>>{{"a/1", true}, {"b/2", false}}));
}

TEST_F(FleetMessagesTest, AListenerMayLeaveDuringAMessage) {
  std::unique_ptr<FleetStore::Subscription> first;
  std::unique_ptr<FleetStore::Subscription> second;
  int heard = 0;
  const auto on_news = [&](const FleetNews&) {
    ++heard;
    first.reset();
    second.reset();
  };
  first = store_->Subscribe(login_, on_news);
  second = store_->Subscribe(login_, on_news);
  ASSERT_TRUE(Becomes([&] { return store_->IsListening(); }));

  Store(Storing(login_, ReadingOf("1"), Grant(Request(login_))));

  ASSERT_TRUE(Becomes([&] { return heard > 0; }));
  RunFor(milliseconds(50));
  EXPECT_EQ(heard, 1);
}

}  // namespace
}  // namespace balance
