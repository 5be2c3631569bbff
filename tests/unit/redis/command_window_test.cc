#include "clients/redis/command_window.h"

#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/fake_clock.h"

namespace balance {
namespace {

using std::chrono::milliseconds;

// Room for two commands, each of which ends when the test says so.
class CommandWindowTest : public testing::Test {
 protected:
  // What still waits ends before the window does.
  ~CommandWindowTest() override {
    for (auto& [name, cancel] : cancels_) cancel.emit(boost::asio::cancellation_type::terminal);
    Run();
  }

  void Begin(const std::string& name) {
    Signal& end = *(ends_[name] = std::make_unique<Signal>(loop_.get_executor()));
    boost::asio::co_spawn(loop_, Command(name, end),
                          boost::asio::bind_cancellation_slot(cancels_[name].slot(),
                                                              [](const std::exception_ptr&) {}));
    Run();
  }

  void End(const std::string& name) {
    ends_.at(name)->Wake();
    Run();
  }

  void Cancel(const std::string& name) {
    cancels_.at(name).emit(boost::asio::cancellation_type::terminal);
    Run();
  }

  void Advance(Duration by) {
    clock_.Advance(by);
    Run();
  }

  void Run() {
    loop_.restart();
    loop_.poll();
  }

  boost::asio::awaitable<void> Command(std::string name, Signal& end) {
    CommandWindow::Turn turn(window_);
    const bool has_come = co_await turn.Await();
    log_.push_back(name + (has_come ? " sent" : " given up"));
    if (has_come) co_await end.Wait();
  }

  std::vector<std::string> Log() { return std::exchange(log_, {}); }

  using Lines = std::vector<std::string>;

  boost::asio::io_context loop_;
  FakeClock clock_;
  CommandWindow window_{loop_.get_executor(), clock_, {.size = 2, .patience = milliseconds(500)}};
  std::map<std::string, std::unique_ptr<Signal>> ends_;
  std::map<std::string, boost::asio::cancellation_signal> cancels_;
  std::vector<std::string> log_;
};

TEST_F(CommandWindowTest, ThereAreNeverMoreThanTheWindowHolds) {
  for (const char* name : {"a", "b", "c", "d"}) Begin(name);

  EXPECT_EQ(Log(), (Lines{"a sent", "b sent"}));
  EXPECT_EQ(window_.under_way(), 2U);
  EXPECT_EQ(window_.queued(), 2U);
}

TEST_F(CommandWindowTest, WhoCameFirstIsSentFirst) {
  for (const char* name : {"a", "b", "c", "d"}) Begin(name);

  End("b");
  End("a");

  EXPECT_EQ(Log(), (Lines{"a sent", "b sent", "c sent", "d sent"}));
  End("c");
  End("d");
  EXPECT_EQ(window_.under_way(), 0U);
}

TEST_F(CommandWindowTest, WhoQueuesForTooLongIsGivenUpAndTheNextIsNot) {
  for (const char* name : {"a", "b", "c"}) Begin(name);
  Advance(milliseconds(300));
  Begin("d");

  Advance(milliseconds(200));

  EXPECT_EQ(Log(), (Lines{"a sent", "b sent", "c given up"}));
  End("a");
  EXPECT_EQ(Log(), Lines{"d sent"});
  // Nobody is left whose time could end.
  Advance(milliseconds(1000));
  EXPECT_TRUE(Log().empty());
}

TEST_F(CommandWindowTest, TheQueueCanBeDismissed) {
  for (const char* name : {"a", "b", "c", "d"}) Begin(name);

  window_.Dismiss();
  Run();

  EXPECT_EQ(Log(), (Lines{"a sent", "b sent", "c given up", "d given up"}));
  EXPECT_EQ(window_.under_way(), 2U);
  End("a");
  Begin("e");
  EXPECT_EQ(Log(), Lines{"e sent"});
}

TEST_F(CommandWindowTest, WhoIsCancelledLeavesItsPlaceToTheNext) {
  for (const char* name : {"a", "b", "c", "d"}) Begin(name);

  Cancel("c");
  Cancel("a");

  EXPECT_EQ(Log(), (Lines{"a sent", "b sent", "d sent"}));
  EXPECT_EQ(window_.under_way(), 2U);
  EXPECT_EQ(window_.queued(), 0U);
}

}  // namespace
}  // namespace balance
