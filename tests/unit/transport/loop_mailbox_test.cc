#include "service/transport/loop_mailbox.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace balance {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class LoopMailboxTest : public testing::Test {
 protected:
  // Handles at most so many items at a time, and notes how many there were.
  std::shared_ptr<LoopMailbox> Make(std::size_t at_a_time) {
    return std::make_shared<LoopMailbox>(
        io_, [this, at_a_time](std::span<const LoopMailbox::Item> items) {
          const std::size_t handled = std::min(at_a_time, items.size());
          order_.push_back(std::to_string(handled) + " of " + std::to_string(items.size()));
          return handled;
        });
  }
  void PostOther() {
    boost::asio::post(io_, [this] { order_.emplace_back("other"); });
  }

  boost::asio::io_context io_;
  std::vector<std::string> order_;
  H2Call* const call_ = nullptr;
};

TEST_F(LoopMailboxTest, ManyItemsAreHandledAtOnce) {
  const auto mailbox = Make(10);
  mailbox->Push(call_);
  PostOther();
  mailbox->Push(call_);
  io_.run();

  EXPECT_THAT(order_, ElementsAre("2 of 2", "other"));
}

TEST_F(LoopMailboxTest, WhatIsLeftOverComesBehindTheOtherWorkOfTheLoopAndBeforeNewItems) {
  const auto mailbox = Make(2);
  for (int i = 0; i < 3; ++i) mailbox->Push(call_);
  PostOther();
  boost::asio::post(io_, [&] { mailbox->Push(call_); });
  io_.run();

  EXPECT_THAT(order_, ElementsAre("2 of 3", "other", "1 of 1", "1 of 1"));
}

TEST_F(LoopMailboxTest, ItIsWokenAgainAfterItWasEmpty) {
  const auto mailbox = Make(10);
  mailbox->Push(call_);
  io_.run();
  io_.restart();
  mailbox->Push(call_);
  io_.run();

  EXPECT_THAT(order_, ElementsAre("1 of 1", "1 of 1"));
}

TEST_F(LoopMailboxTest, OnceClosedNothingIsHandled) {
  const auto mailbox = Make(10);
  mailbox->Push(call_);
  mailbox->Close();
  mailbox->Push(call_);
  io_.run();

  EXPECT_THAT(order_, IsEmpty());
}

}  // namespace
}  // namespace balance
