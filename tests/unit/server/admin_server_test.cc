#include "service/server/admin_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/time.h>

#include <array>
#include <atomic>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <future>
#include <list>
#include <string>

#include "service/config/listen_address.h"

namespace balance {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using std::chrono::seconds;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr const char* kHalf = "GET /healthz HTTP/1.1\r\nHost: ";
constexpr const char* kOtherHalf = "x\r\n\r\n";
// What ends only if something is wrong.
constexpr auto kForever = std::chrono::hours(1);

// Its own connection to the server.
class Client {
 public:
  explicit Client(const std::string& address) : socket_(loop_) {
    const auto parsed = *ParseListenAddress(address);
    socket_.connect({asio::ip::make_address(parsed.host), parsed.port});
    // A test that waits for what does not come fails instead of hanging.
    const timeval patience{30, 0};
    setsockopt(socket_.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }

  void Send(const std::string& text) { asio::write(socket_, asio::buffer(text)); }

  // All that comes until the server closes the connection; `end_` is how it did.
  std::string Receive() {
    std::string all;
    std::array<char, 4096> piece;
    while (!end_) all.append(piece.data(), socket_.read_some(asio::buffer(piece), end_));
    return all;
  }
  std::string Ask(const std::string& request) {
    Send(request);
    return Receive();
  }
  bool IsShownOut() {
    return Receive().empty() && (end_ == asio::error::eof || end_ == asio::error::connection_reset);
  }
  // Waits for the first byte.
  bool IsAnswered() {
    char byte = 0;
    return socket_.read_some(asio::buffer(&byte, 1), end_) == 1;
  }
  bool IsEndedInOrder() const { return end_ == asio::error::eof; }

 private:
  asio::io_context loop_;
  tcp::socket socket_;
  boost::system::error_code end_;
};

std::string HeadOf(const std::string& answer) { return answer.substr(0, answer.find("\r\n\r\n")); }
std::string BodyOf(const std::string& answer) { return answer.substr(HeadOf(answer).size() + 4); }

class AdminServerTest : public testing::Test {
 protected:
  AdminServerTest() {
    probes_ = {[] { return std::string("metrics 1\n"); },
               [] { return std::string("metrics 1\n# EOF\n"); },
               [] { return true; },
               [] { return true; },
               [] { return std::string("{}\n"); },
               [](const std::string& query) {
                 return AdminAnswer{
                     200, "text/html", "<p>" + query, {{"Content-Security-Policy", "none"}}};
               }};
    limits_ = {.connections = 8,
               .head_timeout = kForever,
               .answer_timeout = kForever,
               .least_patience = std::chrono::milliseconds(0)};
  }

  void Start(const std::string& address = "127.0.0.1:0") {
    auto server = AdminServer::Start(address, probes_, limits_);
    ASSERT_TRUE(server) << server.error().message;
    server_ = std::move(*server);
  }

  std::string Ask(const std::string& request) { return Client(server_->address()).Ask(request); }
  std::string Get(const std::string& path) {
    return Ask("GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n");
  }

  AdminServer::Probes probes_;
  AdminServer::Limits limits_;
  std::unique_ptr<AdminServer> server_;
};

TEST_F(AdminServerTest, APageHasItsTypeAndItsLengthAndEndsTheConnection) {
  Start();

  EXPECT_EQ(Get("/metrics"),
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"
            "Content-Length: 10\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n"
            "metrics 1\n");
  EXPECT_THAT(Get("/statusz"), HasSubstr("Content-Type: application/json\r\n"));
  EXPECT_THAT(Get("/healthz"), EndsWith("\r\n\r\nok\n"));
  EXPECT_THAT(Get("/metrics?name=up"), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(Ask("GET http://host:1/readyz HTTP/1.1\r\nHost: x\r\n\r\n"),
              StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(Ask("GET /readyz HTTP/1.0\r\n\r\n"), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(Get("/index.html"), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(Get("/metrics/x"), StartsWith("HTTP/1.1 404 "));
}

TEST_F(AdminServerTest, OpenMetricsIsAnsweredToThoseWhoPreferIt) {
  const auto with_accept = [this](const std::string& method, const std::string& accept) {
    return Ask(method + " /metrics HTTP/1.1\r\nHost: x\r\n" + accept + "\r\n");
  };
  const std::string open_metrics =
      "HTTP/1.1 200 OK\r\n"
      "Content-Type: application/openmetrics-text; version=1.0.0; charset=utf-8\r\n"
      "Content-Length: 16\r\n";
  Start();

  // As Prometheus 2.42 sends it.
  const std::string prometheus =
      "Accept: application/openmetrics-text;version=1.0.0,application/openmetrics-text;"
      "version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1\r\n";
  EXPECT_THAT(with_accept("GET", prometheus), StartsWith(open_metrics));
  EXPECT_THAT(with_accept("GET", prometheus), EndsWith("\r\n\r\nmetrics 1\n# EOF\n"));
  EXPECT_THAT(with_accept("HEAD", prometheus), StartsWith(open_metrics));
  EXPECT_EQ(BodyOf(with_accept("HEAD", prometheus)), "");
  EXPECT_THAT(with_accept("GET",
                          "Accept: text/plain;q=0.5\r\n"
                          "aCCEPT: application/openmetrics-text\r\n"),
              StartsWith(open_metrics));
  EXPECT_THAT(with_accept("GET", "Accept: */*\r\n"), EndsWith("\r\n\r\nmetrics 1\n"));
  // No other page has that format.
  EXPECT_THAT(Ask("GET /healthz HTTP/1.1\r\nHost: x\r\n" + prometheus + "\r\n"),
              EndsWith("\r\n\r\nok\n"));
}

TEST_F(AdminServerTest, TheStatusIsHtmlForThoseWhoNameItAndJsonForAllOthers) {
  const auto ask = [this](const std::string& method, const std::string& target,
                          const std::string& accept) {
    return Ask(method + " " + target + " HTTP/1.1\r\nHost: x\r\nAccept: " + accept + "\r\n\r\n");
  };
  const std::string browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
  Start();

  for (const std::string path : {"/", "/statusz"}) {
    const std::string page = ask("GET", path, browser);
    EXPECT_THAT(page, HasSubstr("\r\nContent-Type: text/html\r\n"));
    EXPECT_THAT(page, HasSubstr("\r\nContent-Security-Policy: none\r\n"));
    EXPECT_THAT(page, HasSubstr("\r\nVary: Accept\r\n"));
    EXPECT_EQ(BodyOf(page), "<p>");
    EXPECT_EQ(HeadOf(ask("HEAD", path, browser)), HeadOf(page));
    EXPECT_EQ(BodyOf(ask("HEAD", path, browser)), "");

    EXPECT_EQ(BodyOf(Get(path)), "{}\n");
    EXPECT_EQ(BodyOf(ask("GET", path, "*/*")), "{}\n");
    EXPECT_EQ(BodyOf(ask("GET", path, "application/json")), "{}\n");
    EXPECT_EQ(BodyOf(ask("GET", path + "?format=json", browser)), "{}\n");
    EXPECT_EQ(BodyOf(ask("GET", path + "?page=2&x=y&format=html", "*/*")), "<p>page=2");
    EXPECT_THAT(Get(path), HasSubstr("\r\nVary: Accept\r\n"));
    EXPECT_THAT(ask("POST", path, browser), StartsWith("HTTP/1.1 405 "));
  }
}

TEST_F(AdminServerTest, ProbesThatFailAreUnavailable) {
  probes_.healthy = [] { return false; };
  probes_.ready = [] { return false; };
  Start();

  EXPECT_THAT(Get("/healthz"), StartsWith("HTTP/1.1 503 Service Unavailable\r\n"));
  EXPECT_EQ(BodyOf(Get("/healthz")), "stuck\n");
  EXPECT_EQ(BodyOf(Get("/readyz")), "not serving\n");
}

TEST_F(AdminServerTest, M134_HeadIsGetWithoutItsBody) {
  Start();

  for (const char* path : {"/metrics", "/healthz", "/readyz", "/statusz", "/none"}) {
    const std::string answer = Ask(std::string("HEAD ") + path + " HTTP/1.1\r\nHost: x\r\n\r\n");

    EXPECT_EQ(HeadOf(answer), HeadOf(Get(path)));
    EXPECT_EQ(BodyOf(answer), "") << path;
  }
}

TEST_F(AdminServerTest, M134_OtherMethodsAreNotAllowed) {
  Start();

  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "BREW"}) {
    const std::string answer =
        Ask(std::string(method) + " /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody");

    EXPECT_THAT(answer, StartsWith("HTTP/1.1 405 Method Not Allowed\r\n")) << method;
    EXPECT_THAT(answer, HasSubstr("\r\nAllow: GET, HEAD\r\n")) << method;
  }
}

TEST_F(AdminServerTest, M134_WhatIsNoRequestIsToldSo) {
  Start();

  for (const char* text : {"hello\r\n\r\n", "GET /healthz HTTP/7.7\r\n\r\n", "\x16\x03\x01\x02\x05",
                           "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "GET /healthz\r\n\r\n"}) {
    EXPECT_THAT(Ask(text), StartsWith("HTTP/1.1 400 ")) << text;
  }
  EXPECT_THAT(Ask("GET /healthz HTTP/1.1\r\nCookie: " + std::string(9000, 'c')),
              StartsWith("HTTP/1.1 431 "));
  EXPECT_THAT(Get("/healthz"), StartsWith("HTTP/1.1 200 "));
}

// A client that sent more than is read must not lose the answer to a reset.
TEST_F(AdminServerTest, M134_APipelineGetsItsFirstAnswerAndIsToldThatThereAreNoMore) {
  Start();
  Client client(server_->address());
  std::string requests;
  for (int i = 0; i < 50; ++i) requests += "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";

  const std::string answer = client.Ask(requests);

  EXPECT_THAT(answer, HasSubstr("\r\nConnection: close\r\n"));
  EXPECT_THAT(answer, EndsWith("\r\n\r\nok\n"));
  EXPECT_EQ(answer.find("HTTP/1.1", 1), std::string::npos);
  EXPECT_TRUE(client.IsEndedInOrder());
}

TEST_F(AdminServerTest, ARequestMayComeByteByByte) {
  Start();
  Client client(server_->address());

  for (const char byte : std::string("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")) {
    client.Send({byte});
  }

  EXPECT_THAT(client.Receive(), EndsWith("ok\n"));
}

TEST_F(AdminServerTest, M133_AtTheLimitWhoAskedByHalfFirstGoesFirst) {
  Start();
  std::list<Client> clients;
  for (int i = 0; i < 8; ++i) clients.emplace_back(server_->address()).Send(kHalf);

  EXPECT_THAT(Get("/healthz"), EndsWith("ok\n"));

  EXPECT_TRUE(clients.front().IsShownOut());
  clients.pop_front();
  for (Client& client : clients) {
    EXPECT_THAT(client.Ask(kOtherHalf), EndsWith("ok\n")) << "one that had room";
  }
}

TEST_F(AdminServerTest, M133_WhoSaysNothingKeepsNobodyOut) {
  Start();
  std::list<Client> clients;
  for (int i = 0; i < 100; ++i) clients.emplace_back(server_->address());

  for (const char* path : {"/healthz", "/readyz", "/metrics"}) {
    EXPECT_THAT(Get(path), StartsWith("HTTP/1.1 200 ")) << path;
  }
}

TEST_F(AdminServerTest, M133_WhoTakesNoAnswerKeepsNobodyOut) {
  probes_.status = [] { return std::string(16'000'000, 's'); };
  Start();
  std::list<Client> clients;
  for (int i = 0; i < 20; ++i) {
    clients.emplace_back(server_->address()).Send("GET /statusz HTTP/1.1\r\n\r\n");
  }

  EXPECT_THAT(Get("/healthz"), EndsWith("ok\n"));
}

TEST_F(AdminServerTest, M133_AnswersThatNobodyTakesAreBounded) {
  constexpr std::size_t kBytes = 16'000'000;
  limits_.connections = 100;
  limits_.untaken_bytes = kBytes + kBytes / 2;
  probes_.status = [] { return std::string(kBytes, 's'); };
  Start();
  std::list<Client> clients;
  for (int i = 0; i < 5; ++i) {
    clients.emplace_back(server_->address()).Send("GET /statusz HTTP/1.1\r\n\r\n");
    ASSERT_TRUE(clients.back().IsAnswered());
  }

  EXPECT_GT(clients.back().Receive().size(), kBytes);
  clients.pop_back();
  for (Client& client : clients) EXPECT_LT(client.Receive().size(), kBytes);
}

TEST_F(AdminServerTest, M133_WhoDoesNotAskInTimeIsShownOut) {
  limits_.head_timeout = std::chrono::milliseconds(1);
  Start();
  Client client(server_->address());

  EXPECT_TRUE(client.IsShownOut());
}

TEST_F(AdminServerTest, M133_ALongRenderingDelaysNoProbe) {
  std::promise<void> begun;
  std::promise<void> end;
  probes_.metrics = [&begun, ended = end.get_future().share()] {
    begun.set_value();
    ended.wait();
    return std::string("metrics 1\n");
  };
  Start();
  Client scraper(server_->address());
  scraper.Send("GET /metrics HTTP/1.1\r\n\r\n");
  begun.get_future().wait();

  EXPECT_THAT(Get("/healthz"), EndsWith("ok\n"));
  EXPECT_THAT(Get("/readyz"), EndsWith("ok\n"));

  end.set_value();
  EXPECT_THAT(scraper.Receive(), EndsWith("metrics 1\n"));
}

TEST_F(AdminServerTest, ASlowHealthProbeDelaysNeitherReadinessNorPages) {
  std::promise<void> end;
  probes_.healthy = [ended = end.get_future().share()] {
    ended.wait();
    return true;
  };
  Start();
  Client probe(server_->address());
  probe.Send("GET /healthz HTTP/1.1\r\n\r\n");

  EXPECT_THAT(Get("/readyz"), EndsWith("ok\n"));
  EXPECT_THAT(Get("/metrics"), EndsWith("metrics 1\n"));

  end.set_value();
  EXPECT_THAT(probe.Receive(), EndsWith("ok\n"));
}

TEST_F(AdminServerTest, TheEndDoesNotWaitForClients) {
  probes_.status = [] { return std::string(16'000'000, 's'); };
  Start();
  Client silent(server_->address());
  Client half(server_->address());
  half.Send(kHalf);
  Client untaken(server_->address());
  untaken.Send("GET /statusz HTTP/1.1\r\n\r\n");
  ASSERT_THAT(Get("/healthz"), EndsWith("ok\n"));

  server_.reset();

  EXPECT_EQ(half.Receive(), "");
}

class AdminServerIpv6Test : public AdminServerTest {
 protected:
  void SetUp() override {
    asio::io_context loop;
    boost::system::error_code error;
    tcp::acceptor acceptor(loop);
    acceptor.open(tcp::v6(), error);
    if (!error) acceptor.bind({asio::ip::address_v6::loopback(), 0}, error);
    if (error) GTEST_SKIP() << "this machine has no IPv6: " << error.message();
  }
};

TEST_F(AdminServerIpv6Test, M135_ItListensOnIpv6) {
  Start("[::1]:0");

  EXPECT_THAT(server_->address(), StartsWith("[::1]:"));
  EXPECT_THAT(server_->address(), Not(EndsWith(":0")));
  EXPECT_THAT(Get("/healthz"), EndsWith("ok\n"));
}

TEST_F(AdminServerIpv6Test, M135_EveryAddressIsOfBothFamilies) {
  Start("[::]:0");
  const std::string port = server_->address().substr(server_->address().rfind(':'));

  for (const std::string host : {"127.0.0.1", "[::1]"}) {
    EXPECT_THAT(Client(host + port).Ask("GET /healthz HTTP/1.1\r\n\r\n"), EndsWith("ok\n")) << host;
  }
}

TEST_F(AdminServerTest, APortInUseIsNamed) {
  Start();

  const auto second = AdminServer::Start(server_->address(), probes_, limits_);

  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().message, HasSubstr("cannot listen on " + server_->address() +
                                                " (admin_listen): the port is in use"));
}

}  // namespace
}  // namespace balance
