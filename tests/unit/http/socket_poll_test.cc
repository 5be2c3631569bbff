#include "clients/http/socket_poll.h"

#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <vector>

namespace balance {
namespace {

// Two connected sockets.
class Pair {
 public:
  Pair() { EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends_.data()), 0); }
  ~Pair() {
    CloseOurs();
    ClosePeer();
  }
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;

  int ours() const { return ends_[0]; }
  void PeerSends() { EXPECT_EQ(send(ends_[1], "x", 1, 0), 1); }
  void Drain() {
    char byte = 0;
    EXPECT_EQ(recv(ends_[0], &byte, 1, 0), 1);
  }
  void CloseOurs() { Close(ends_[0]); }
  void ClosePeer() { Close(ends_[1]); }

 private:
  static void Close(int& end) {
    if (end >= 0) close(end);
    end = -1;
  }

  std::array<int, 2> ends_{};
};

struct Ready {
  int fd;
  std::uint32_t events;

  bool operator==(const Ready&) const = default;
};

class SocketPollTest : public testing::Test {
 protected:
  // What is ready now. The ends of a pair are ready as soon as the other has acted, so this waits
  // for nothing.
  std::vector<Ready> Turn() {
    ready_.clear();
    do {
      loop_.restart();
    } while (loop_.poll() > 0);
    return ready_;
  }
  void OnReady(int fd, std::uint32_t events) {
    ready_.push_back({fd, events});
    // Once is enough.
    poll_->Want(fd, 0);
  }

  boost::asio::io_context loop_;
  std::vector<Ready> ready_;
  std::unique_ptr<SocketPoll> poll_ = std::make_unique<SocketPoll>(
      loop_, [this](int fd, std::uint32_t events) { OnReady(fd, events); });
  Pair pair_;
};

TEST_F(SocketPollTest, TellsOfWhatIsWantedOnly) {
  pair_.PeerSends();

  poll_->Want(pair_.ours(), EPOLLOUT);
  EXPECT_EQ(Turn(), std::vector<Ready>({{pair_.ours(), EPOLLOUT}}));

  poll_->Want(pair_.ours(), EPOLLIN);
  EXPECT_EQ(Turn(), std::vector<Ready>({{pair_.ours(), EPOLLIN}}));

  EXPECT_TRUE(Turn().empty());
}

TEST_F(SocketPollTest, HoldsTheLoopOnlyWhileASocketIsWaitedFor) {
  poll_->Keep(pair_.ours());
  poll_->Want(pair_.ours(), EPOLLIN);
  loop_.run_for(std::chrono::milliseconds(1));
  EXPECT_FALSE(loop_.stopped());

  poll_->Want(pair_.ours(), 0);
  loop_.run();

  EXPECT_TRUE(loop_.stopped());
}

TEST_F(SocketPollTest, AKeptSocketIsWaitedForAgain) {
  poll_->Keep(pair_.ours());
  for (int i = 0; i < 3; ++i) {
    poll_->Want(pair_.ours(), EPOLLIN);
    pair_.PeerSends();
    EXPECT_EQ(Turn(), std::vector<Ready>({{pair_.ours(), EPOLLIN}}));
    pair_.Drain();
  }
}

TEST_F(SocketPollTest, WhatArrivesWhileNothingIsWantedIsToldAsSoonAsItIs) {
  Pair other;
  poll_->Keep(pair_.ours());
  poll_->Want(pair_.ours(), EPOLLIN);
  poll_->Want(pair_.ours(), 0);
  poll_->Want(other.ours(), EPOLLIN);
  pair_.PeerSends();
  EXPECT_TRUE(Turn().empty());

  poll_->Want(pair_.ours(), EPOLLIN);

  EXPECT_EQ(Turn(), std::vector<Ready>({{pair_.ours(), EPOLLIN}}));
}

TEST_F(SocketPollTest, APeerThatHasGoneIsReadiness) {
  poll_->Want(pair_.ours(), EPOLLIN);
  pair_.ClosePeer();

  EXPECT_EQ(Turn(), std::vector<Ready>({{pair_.ours(), EPOLLIN}}));
}

// The library that owns the sockets does not say when it closes one that is not kept.
TEST_F(SocketPollTest, ANumberThatIsUsedAgainIsAnotherSocket) {
  for (const bool kept : {true, false}) {
    auto first = std::make_unique<Pair>();
    const int number = first->ours();
    if (kept) poll_->Keep(number);
    poll_->Want(number, EPOLLIN);
    poll_->Want(number, 0);
    if (kept) poll_->Forget(number);
    first.reset();

    Pair second;
    ASSERT_EQ(second.ours(), number);
    poll_->Want(number, EPOLLIN);
    second.PeerSends();
    EXPECT_EQ(Turn(), std::vector<Ready>({{number, EPOLLIN}}));
    poll_->Forget(number);
  }
}

TEST_F(SocketPollTest, MoreSocketsThanAreTakenAtOnce) {
  std::vector<std::unique_ptr<Pair>> pairs;
  for (int i = 0; i < 200; ++i) {
    const Pair& pair = *pairs.emplace_back(std::make_unique<Pair>());
    poll_->Want(pair.ours(), EPOLLOUT);
  }

  EXPECT_EQ(Turn().size(), 200U);
}

TEST_F(SocketPollTest, WhatTheLoopHasQueuedRunsEvenIfItIsGone) {
  poll_->Want(pair_.ours(), EPOLLOUT);
  loop_.poll_one();
  poll_.reset();

  EXPECT_TRUE(Turn().empty());
}

}  // namespace
}  // namespace balance
