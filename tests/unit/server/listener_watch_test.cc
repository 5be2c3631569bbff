#include "service/server/listener_watch.h"

#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/two_addresses.h"

namespace balance {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

// Patience with a server that takes notice sooner or later, whatever the machine's load.
constexpr auto kLong = seconds(10);
// Patience with a server that never does.
constexpr auto kShort = milliseconds(50);

class ListenerWatchTest : public testing::Test {
 protected:
  // Listens, and leaves it to the test to accept.
  ListenerWatchTest() : acceptor_(loop_, {asio::ip::address_v4::loopback(), 0}) {}
  ~ListenerWatchTest() override { StopAccepting(); }

  std::string Address() const {
    return "127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port());
  }

  // Hangs up on whoever comes.
  void Accept() {
    acceptor_.async_accept([this](boost::system::error_code error, tcp::socket) {
      if (error) return;
      ++accepted_;
      Accept();
    });
  }
  void StartAccepting() {
    Accept();
    thread_ = std::thread([this] { loop_.run(); });
  }
  void StopAccepting() {
    loop_.stop();
    if (thread_.joinable()) thread_.join();
  }

  void Watch(const std::string& address, Duration patience) {
    watch_ = std::make_unique<ListenerWatch>(
        address,
        // Tests wait for the verdict, so it is told last.
        [this](bool accepts) {
          ++changes_;
          accepts_ = accepts;
        },
        ListenerWatch::Options{milliseconds(1), patience, 2});
  }

  static bool Becomes(const std::function<bool()>& condition) {
    const auto end = steady_clock::now() + kLong;
    while (!condition() && steady_clock::now() < end) std::this_thread::yield();
    return condition();
  }

  asio::io_context loop_;
  tcp::acceptor acceptor_;
  std::thread thread_;
  std::atomic<int> accepted_ = 0;
  std::atomic<bool> accepts_ = true;
  std::atomic<int> changes_ = 0;
  std::unique_ptr<ListenerWatch> watch_;
};

TEST_F(ListenerWatchTest, WhoAcceptsIsLeftAlone) {
  StartAccepting();
  Watch(Address(), kLong);

  EXPECT_TRUE(Becomes([this] { return accepted_ > 10; }));

  EXPECT_EQ(changes_, 0);
}

TEST_F(ListenerWatchTest, WhoOnlyListensIsNoticedOnce) {
  Watch(Address(), kShort);
  ASSERT_TRUE(Becomes([this] { return !accepts_; }));

  // Two looks were in vain until then. Who takes the next ones and says nothing is no better.
  std::vector<tcp::socket> looks;
  while (looks.size() < 5) looks.push_back(acceptor_.accept());

  EXPECT_FALSE(accepts_);
  EXPECT_EQ(changes_, 1);
}

TEST_F(ListenerWatchTest, WhoAcceptsAgainIsNoticedToo) {
  Watch(Address(), milliseconds(500));
  ASSERT_TRUE(Becomes([this] { return !accepts_; }));

  StartAccepting();

  EXPECT_TRUE(Becomes([this] { return accepts_.load(); }));
  EXPECT_EQ(changes_, 2);
}

TEST_F(ListenerWatchTest, AClosedPortIsNoticed) {
  // Bound, so that nobody else can listen there meanwhile.
  tcp::acceptor closed(loop_, tcp::v4());
  closed.bind({asio::ip::address_v4::loopback(), 0});

  Watch("127.0.0.1:" + std::to_string(closed.local_endpoint().port()), kLong);

  EXPECT_TRUE(Becomes([this] { return !accepts_; }));
}

TEST_F(ListenerWatchTest, AServerOfOneAddressOfANameIsLeftAlone) {
  StartAccepting();
  Watch(kTwoAddresses + Address().substr(Address().rfind(':')), kLong);

  EXPECT_TRUE(Becomes([this] { return accepted_ > 10; }));

  EXPECT_EQ(changes_, 0);
}

TEST_F(ListenerWatchTest, TheWildcardStandsForThisMachine) {
  StartAccepting();
  Watch("0.0.0.0" + Address().substr(Address().rfind(':')), kLong);

  EXPECT_TRUE(Becomes([this] { return accepted_ > 10; }));

  EXPECT_EQ(changes_, 0);
}

TEST_F(ListenerWatchTest, ANameThatStandsForNothingTellsNothing) {
  Watch("no address", kLong);

  // Meanwhile another one looks many times.
  StartAccepting();
  const ListenerWatch witness(Address(), [](bool) {}, {milliseconds(1), kLong, 2});
  EXPECT_TRUE(Becomes([this] { return accepted_ > 10; }));
  EXPECT_EQ(changes_, 0);
}

TEST_F(ListenerWatchTest, TheEndWaitsForNothing) {
  const auto begin = steady_clock::now();
  {
    const ListenerWatch resting(Address(), [](bool) {}, {std::chrono::hours(1), {}, 1});
    const ListenerWatch looking(Address(), [](bool) {},
                                {milliseconds(1), std::chrono::hours(1), 1});
    // The second has come and waits for a sign.
    acceptor_.wait(tcp::acceptor::wait_read);
  }

  EXPECT_LT(steady_clock::now() - begin, std::chrono::minutes(1));
}

}  // namespace
}  // namespace balance
