// M71: connections that nobody uses do not stay open.

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <optional>
#include <string>

#include "clients/http/curl_global.h"
#include "clients/http/curl_transport.h"
#include "tests/unit/http/keep_alive_upstream.h"

namespace balance {
namespace {

namespace asio = boost::asio;
using std::chrono::seconds;
using std::chrono::steady_clock;
using Peer = KeepAliveUpstream::Peer;

class IdleConnectionTest : public testing::Test {
 protected:
  IdleConnectionTest() { MakeTransport({.user_agent = "transport-test/1"}); }

  void MakeTransport(CurlTransport::Options options) {
    transport_.emplace(loop_, std::move(options));
  }
  std::string Ask(std::uint64_t login) {
    HttpRequest request{upstream_.Url() + "/", {}, seconds(10)};
    request.login = login;
    std::string body;
    asio::co_spawn(loop_, SendOne(std::move(request)),
                   [&body](const std::exception_ptr&, std::optional<Result<HttpResponse>> result) {
                     if (result && *result) body = (*result)->body;
                   });
    Run();
    return body;
  }
  void Run() {
    loop_.restart();
    loop_.run();
  }
  asio::awaitable<std::optional<Result<HttpResponse>>> SendOne(HttpRequest request) {
    co_return co_await transport_->Send(std::move(request));
  }
  // Looks again and again, as the service does: libcurl looks once a second at most.
  bool Closes(std::uint64_t left_open) {
    const auto give_up = steady_clock::now() + seconds(20);
    while (transport_->stats().open_sockets != left_open && steady_clock::now() < give_up) {
      transport_->CloseIdleConnections();
      Run();
    }
    return transport_->stats().open_sockets == left_open;
  }

  CurlGlobal curl_;
  KeepAliveUpstream upstream_{[](Peer& peer) {
    while (peer.ReadRequest()) peer.Send(AnswerWith(std::to_string(peer.number())));
  }};
  asio::io_context loop_;
  std::optional<CurlTransport> transport_;
};

TEST_F(IdleConnectionTest, M71_IdleOnesAreClosedWithoutAnyRequest) {
  MakeTransport({.user_agent = "transport-test/1", .max_idle = seconds(1)});
  for (std::uint64_t login = 1; login <= 5; ++login) Ask(login);
  EXPECT_EQ(transport_->stats().open_sockets, 5U);

  EXPECT_TRUE(Closes(0));

  EXPECT_EQ(Ask(1), "6");
}

TEST_F(IdleConnectionTest, M71_ThoseThatTheUpstreamHasClosedAreClosedHereToo) {
  for (std::uint64_t login = 1; login <= 3; ++login) Ask(login);
  upstream_.Close(1);
  upstream_.Close(3);

  EXPECT_TRUE(Closes(1));

  EXPECT_EQ(Ask(2), "2");
}

TEST_F(IdleConnectionTest, AFreshOneStaysOpen) {
  Ask(1);

  transport_->CloseIdleConnections();
  Run();

  EXPECT_EQ(transport_->stats().open_sockets, 1U);
  EXPECT_EQ(Ask(1), "1");
}

// Idle connections of other logins make room for those that are needed.
TEST_F(IdleConnectionTest, M71_NeverMoreThanTheLimitAreOpen) {
  MakeTransport({.user_agent = "transport-test/1", .limits = {.total = 4}});
  for (std::uint64_t login = 1; login <= 20; ++login) {
    EXPECT_NE(Ask(login), "");
    EXPECT_LE(transport_->stats().open_sockets, 4U);
  }
}

// libcurl tells connections apart by a number that it also takes for the scope of IPv6 addresses.
TEST_F(IdleConnectionTest, AnIpv6UpstreamIsReached) {
  asio::io_context server_loop;
  KeepAliveUpstream::tcp::acceptor acceptor(server_loop);
  boost::system::error_code error;
  acceptor.open(asio::ip::tcp::v6(), error);
  if (!error) acceptor.bind({asio::ip::address_v6::loopback(), 0}, error);
  if (error) GTEST_SKIP() << "no IPv6 here: " << error.message();
  acceptor.listen();
  std::thread server([&acceptor] {
    KeepAliveUpstream::tcp::socket socket = acceptor.accept();
    Peer peer(socket, 1);
    while (peer.ReadRequest()) peer.Send(AnswerWith("v6"));
  });
  HttpRequest request{
      "http://[::1]:" + std::to_string(acceptor.local_endpoint().port()) + "/", {}, seconds(10)};
  std::optional<Result<HttpResponse>> slot;
  asio::co_spawn(loop_, SendOne(std::move(request)),
                 [&slot](const std::exception_ptr&, std::optional<Result<HttpResponse>> result) {
                   slot = std::move(result);
                 });
  Run();
  transport_.reset();
  server.join();

  ASSERT_TRUE(slot && *slot);
  EXPECT_EQ((*slot)->body, "v6");
}

}  // namespace
}  // namespace balance
