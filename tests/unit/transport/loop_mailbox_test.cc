#include "service/transport/loop_mailbox.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace balance {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class LoopMailboxTest : public testing::Test {
 protected:
  // Handles at most so many items at a time, and notes how many there were.
  std::shared_ptr<LoopMailbox> Make(std::size_t at_a_time) {
    return std::make_shared<LoopMailbox>(
        io_, [this, at_a_time](std::span<const LoopMailbox::Item> items) {
          const std::size_t handled = std::min(at_a_time, items.size());
          for (const LoopMailbox::Item& item : items.first(handled)) {
            connections_ += static_cast<const char*>(item.connection);
          }
          order_.push_back(std::to_string(handled) + " of " + std::to_string(items.size()));
          return handled;
        });
  }
  static LoopMailbox::Item ItemOf(const char* connection) {
    LoopMailbox::Item item;
    item.connection = connection;
    return item;
  }
  void PostOther() {
    boost::asio::post(io_, [this] { order_.emplace_back("other"); });
  }

  boost::asio::io_context io_;
  std::vector<std::string> order_;
  // Names of the connections of what was handled.
  std::string connections_;
};

TEST_F(LoopMailboxTest, ManyItemsAreHandledAtOnce) {
  const auto mailbox = Make(10);
  mailbox->Push(ItemOf("a"));
  PostOther();
  mailbox->Push(ItemOf("a"));
  io_.run();

  EXPECT_THAT(order_, ElementsAre("2 of 2", "other"));
}

TEST_F(LoopMailboxTest, WhatIsLeftOverComesBehindTheOtherWorkOfTheLoopAndBeforeNewItems) {
  const auto mailbox = Make(2);
  for (int i = 0; i < 3; ++i) mailbox->Push(ItemOf("a"));
  PostOther();
  boost::asio::post(io_, [&] { mailbox->Push(ItemOf("a")); });
  io_.run();

  EXPECT_THAT(order_, ElementsAre("2 of 3", "other", "1 of 1", "1 of 1"));
}

TEST_F(LoopMailboxTest, StreamsOfOneConnectionAreWokenOneAfterTheOther) {
  const std::array<const char*, 3> names = {"a", "b", "c"};
  const auto mailbox = Make(10);
  for (int i = 0; i < 9; ++i) mailbox->Push(ItemOf(names[static_cast<std::size_t>(i % 3)]));
  io_.run();

  EXPECT_EQ(connections_.size(), 9u);
  for (const char* name : names) {
    EXPECT_THAT(connections_, HasSubstr(std::string(3, *name)));
  }
}

TEST_F(LoopMailboxTest, ItIsWokenAgainAfterItWasEmpty) {
  const auto mailbox = Make(10);
  mailbox->Push(ItemOf("a"));
  io_.run();
  io_.restart();
  mailbox->Push(ItemOf("a"));
  io_.run();

  EXPECT_THAT(order_, ElementsAre("1 of 1", "1 of 1"));
}

TEST_F(LoopMailboxTest, OnceClosedNothingIsHandled) {
  const auto mailbox = Make(10);
  mailbox->Push(ItemOf("a"));
  mailbox->Close();
  mailbox->Push(ItemOf("a"));
  io_.run();

  EXPECT_THAT(order_, IsEmpty());
}

}  // namespace
}  // namespace balance
