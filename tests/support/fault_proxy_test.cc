#include "tests/support/fault_proxy.h"

#include <gtest/gtest.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <string>
#include <thread>

namespace balance {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr const char* kText = "0123456789";

// A client and a server with the proxy between them, all blocking.
class FaultProxyTest : public testing::Test {
 protected:
  tcp::socket Connect() {
    tcp::socket client(loop_);
    error_code error;
    client.connect({asio::ip::address_v4::loopback(), proxy_.port()}, error);
    connect_error_ = error;
    return client;
  }

  // Of the connection that the proxy made for the last client.
  tcp::socket Accept() { return acceptor_.accept(); }

  static void Say(tcp::socket& socket, const std::string& text) {
    asio::write(socket, asio::buffer(text));
  }

  // All that comes until the end, and how it ended.
  static std::string Hear(tcp::socket& socket, error_code& end) {
    std::string text;
    asio::read(socket, asio::dynamic_buffer(text), end);
    return text;
  }

  static std::string HearBytes(tcp::socket& socket, std::size_t count) {
    std::string text(count, '\0');
    asio::read(socket, asio::buffer(text));
    return text;
  }

  static bool HearsNothingFor(tcp::socket& socket, milliseconds time) {
    socket.non_blocking(true);
    const auto end = steady_clock::now() + time;
    std::array<char, 1> byte;
    error_code error = asio::error::would_block;
    while (error == asio::error::would_block && steady_clock::now() < end) {
      socket.read_some(asio::buffer(byte), error);
      std::this_thread::yield();
    }
    socket.non_blocking(false);
    return error == asio::error::would_block;
  }

  bool OpenConnectionsBecome(std::uint64_t count) {
    const auto end = steady_clock::now() + std::chrono::seconds(5);
    while (steady_clock::now() < end) {
      if (proxy_.stats().open_connections == count) return true;
    }
    return false;
  }

  asio::io_context loop_;
  tcp::acceptor acceptor_{loop_, {asio::ip::address_v4::loopback(), 0}};
  FaultProxy proxy_{acceptor_.local_endpoint().port()};
  error_code connect_error_;
};

TEST_F(FaultProxyTest, PassesOnBothWaysAndCounts) {
  tcp::socket client = Connect();
  tcp::socket server = Accept();

  Say(client, "hello");
  EXPECT_EQ(HearBytes(server, 5), "hello");
  Say(server, kText);
  EXPECT_EQ(HearBytes(client, 10), kText);

  EXPECT_EQ(proxy_.stats().connections, 1U);
  EXPECT_EQ(proxy_.stats().open_connections, 1U);
  EXPECT_EQ(proxy_.stats().bytes_to_server, 5U);
  EXPECT_EQ(proxy_.stats().bytes_to_client, 10U);
}

TEST_F(FaultProxyTest, TheEndOfEitherSideReachesTheOther) {
  error_code end;
  tcp::socket client = Connect();
  tcp::socket server = Accept();
  server.close();
  EXPECT_EQ(Hear(client, end), "");
  EXPECT_EQ(end, asio::error::eof);
  EXPECT_TRUE(OpenConnectionsBecome(0));

  client = Connect();
  server = Accept();
  client.close();
  Hear(server, end);
  EXPECT_EQ(end, asio::error::eof);
}

TEST_F(FaultProxyTest, LatencyDelaysEachPiece) {
  proxy_.Set({.latency = milliseconds(30), .slicer = 5});
  tcp::socket client = Connect();
  tcp::socket server = Accept();

  const auto begin = steady_clock::now();
  Say(server, kText);

  EXPECT_EQ(HearBytes(client, 10), kText);
  EXPECT_GE(steady_clock::now() - begin, milliseconds(60));
}

TEST_F(FaultProxyTest, BandwidthIsAsNarrowAsToldAndCanWiden) {
  proxy_.Set({.bandwidth = 100});
  tcp::socket client = Connect();
  tcp::socket server = Accept();

  const auto begin = steady_clock::now();
  Say(server, kText);
  EXPECT_EQ(HearBytes(client, 10), kText);
  EXPECT_GE(steady_clock::now() - begin, milliseconds(80));

  Say(server, std::string(10'000, 'x'));
  HearBytes(client, 1);
  proxy_.Clear();
  HearBytes(client, 9'999);
  EXPECT_LT(steady_clock::now() - begin, std::chrono::seconds(10));
}

TEST_F(FaultProxyTest, TheSlicerLosesNothing) {
  proxy_.Set({.slicer = 1});
  tcp::socket client = Connect();
  tcp::socket server = Accept();

  Say(server, kText);

  EXPECT_EQ(HearBytes(client, 10), kText);
}

TEST_F(FaultProxyTest, ABlackHoleAcceptsAndNeverAnswers) {
  proxy_.Set({.timeout = milliseconds(0)});
  tcp::socket client = Connect();
  Say(client, "hello");

  EXPECT_TRUE(HearsNothingFor(client, milliseconds(50)));

  EXPECT_EQ(proxy_.stats().open_connections, 1U);
  EXPECT_EQ(proxy_.stats().bytes_to_server, 0U);
  client.close();
  EXPECT_TRUE(OpenConnectionsBecome(0));
}

TEST_F(FaultProxyTest, AnOpenConnectionFallsIntoTheBlackHole) {
  tcp::socket client = Connect();
  tcp::socket server = Accept();
  proxy_.Set({.timeout = milliseconds(0)});

  Say(server, kText);

  EXPECT_TRUE(HearsNothingFor(client, milliseconds(50)));
}

TEST_F(FaultProxyTest, ATimeoutClosesAfterItsTime) {
  proxy_.Set({.timeout = milliseconds(30)});
  tcp::socket client = Connect();

  error_code end;
  EXPECT_EQ(Hear(client, end), "");
  EXPECT_EQ(end, asio::error::eof);
}

TEST_F(FaultProxyTest, ResetsAtConnect) {
  proxy_.Set({.reset_peer = 0});
  tcp::socket client = Connect();

  error_code end = connect_error_;
  if (!end) Hear(client, end);
  EXPECT_EQ(end, asio::error::connection_reset);
}

TEST_F(FaultProxyTest, ResetsAfterSoManyBytes) {
  proxy_.Set({.reset_peer = 4});
  tcp::socket client = Connect();
  tcp::socket server = Accept();
  Say(server, kText);

  error_code end;
  const std::string heard = Hear(client, end);

  EXPECT_EQ(end, asio::error::connection_reset);
  EXPECT_EQ(std::string(kText).find(heard), 0U);
  EXPECT_LE(heard.size(), 4U);
  EXPECT_EQ(proxy_.stats().bytes_to_client, 4U);
}

TEST_F(FaultProxyTest, LimitsDataFromWhenItIsSet) {
  tcp::socket client = Connect();
  tcp::socket server = Accept();
  Say(server, kText);
  EXPECT_EQ(HearBytes(client, 10), kText);
  proxy_.Set({.limit_data = 4});
  Say(server, kText);

  error_code end;
  EXPECT_EQ(Hear(client, end), "0123");
  EXPECT_EQ(end, asio::error::eof);
}

TEST_F(FaultProxyTest, DownRefusesAndResetsAndUpKeepsThePort) {
  tcp::socket client = Connect();
  tcp::socket server = Accept();
  const std::uint16_t port = proxy_.port();
  proxy_.Down();
  proxy_.Down();

  error_code end;
  Hear(client, end);
  EXPECT_EQ(end, asio::error::connection_reset);
  Connect();
  EXPECT_EQ(connect_error_, asio::error::connection_refused);

  proxy_.Up();
  proxy_.Up();
  client = Connect();
  EXPECT_FALSE(connect_error_);
  EXPECT_EQ(proxy_.port(), port);
  server = Accept();
  Say(server, kText);
  EXPECT_EQ(HearBytes(client, 10), kText);
}

TEST_F(FaultProxyTest, ResetsOpenConnectionsOnDemand) {
  tcp::socket client = Connect();
  tcp::socket server = Accept();
  proxy_.ResetConnections();

  error_code end;
  Hear(client, end);
  EXPECT_EQ(end, asio::error::connection_reset);
  EXPECT_TRUE(OpenConnectionsBecome(0));
}

TEST_F(FaultProxyTest, AServerThatIsNotThereIsAReset) {
  acceptor_.close();
  tcp::socket client = Connect();

  error_code end;
  Hear(client, end);
  EXPECT_EQ(end, asio::error::connection_reset);
}

}  // namespace
}  // namespace balance
