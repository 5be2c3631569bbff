// Sockets over real connections: the sandbox is the venue.

#include "clients/http/beast_web_socket.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sodium.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <thread>
#include <vector>

#include "clients/core/alarm.h"
#include "tests/sandbox/sandbox.h"
#include "tests/support/test_ca.h"

namespace balance {
namespace {

using sandbox::Side;
using sandbox::SocketFault;
using sandbox::SocketFaultKind;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

constexpr Side kSide = Side::kPolysimulator;
constexpr const char* kPath = "/v1/ws/user";

class BeastWebSocketTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_GE(sodium_init(), 0); }

  void StartSandbox(sandbox::SandboxOptions options = {}) {
    auto started = sandbox::Sandbox::Start(std::move(options));
    ASSERT_TRUE(started) << started.error().message;
    sandbox_ = std::move(*started);
  }

  void SetUp() override { StartSandbox(); }

  template <typename T>
  T Run(boost::asio::awaitable<T> work) {
    std::optional<T> result;
    boost::asio::co_spawn(
        loop_, [&]() -> boost::asio::awaitable<void> { result = co_await std::move(work); },
        [](const std::exception_ptr& failure) {
          if (failure) std::rethrow_exception(failure);
        });
    loop_.restart();
    while (!result && loop_.run_one() > 0) {
    }
    return *std::move(result);
  }

  WebSocketRequest Request() {
    const BaseUrl server{
        .tls = false, .host = "127.0.0.1", .port = sandbox_->port(kSide), .path_prefix = ""};
    return {server, kPath, {}, seconds(10)};
  }

  BeastConnector& Connector(Duration ping_timeout = seconds(40)) {
    return connector_.emplace(loop_, clock_,
                              BeastConnector::Options{"test-agent", ping_timeout, {}});
  }

  Result<WebSocketAnswer> Open(WebSocketRequest request) {
    return Run(Connector().Open(std::move(request)));
  }

  // An open socket with a login; null if it did not come to be.
  std::unique_ptr<WebSocket> OpenSocket() {
    auto answer = Open(Request());
    if (!answer) return nullptr;
    EXPECT_TRUE(Run(answer->socket->Send(R"({"auth":{"apiKey":")" +
                                         sandbox_->polysim_key().api_key + R"("}})")));
    return std::move(answer->socket);
  }

  // The sandbox hears of an end a little later.
  void AwaitOpenSockets(std::uint64_t count) const {
    const auto end = std::chrono::steady_clock::now() + seconds(20);
    while (sandbox_->Counters(kSide).sockets.open > count &&
           std::chrono::steady_clock::now() < end) {
      std::this_thread::sleep_for(milliseconds(1));
    }
  }

  void Act(SocketFaultKind kind, const std::function<void(SocketFault&)>& change = {}) {
    SocketFault fault;
    fault.kind = kind;
    if (change) change(fault);
    EXPECT_EQ(sandbox_->Act(kSide, fault), 1);
  }

  std::unique_ptr<sandbox::Sandbox> sandbox_;
  boost::asio::io_context loop_;
  SystemClock clock_;
  std::optional<BeastConnector> connector_;
};

TEST_F(BeastWebSocketTest, CarriesMessagesBothWays) {
  const auto socket = OpenSocket();
  ASSERT_TRUE(socket);

  ASSERT_TRUE(Run(socket->Send(R"({"action":"ping"})")));

  EXPECT_EQ(Run(socket->Receive()), R"({"event_type":"pong"})");
}

TEST_F(BeastWebSocketTest, RefusedUpgradeIsAnHttpAnswer) {
  sandbox_->PushNamed(kSide, "ps_429");

  const auto answer = Open(Request());

  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_FALSE(answer->socket);
  EXPECT_EQ(answer->refusal.status, 429);
  EXPECT_EQ(answer->refusal.Header("Retry-After"), "1");
  EXPECT_THAT(answer->refusal.body, HasSubstr("RATE_LIMIT_EXCEEDED"));
}

TEST_F(BeastWebSocketTest, SendsItsUserAgent) {
  sandbox::PolysimSwitches switches;
  switches.blocked_user_agents = {"test-agent"};
  sandbox_->SetSwitches(switches);

  EXPECT_EQ(Open(Request())->refusal.status, 403);
}

TEST_F(BeastWebSocketTest, UpgradeThatHangsEndsInTime) {
  sandbox_->PushNamed(kSide, "hang");
  WebSocketRequest request = Request();
  request.timeout = milliseconds(50);

  const auto answer = Open(std::move(request));

  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, ErrorKind::kUnreachable);
  EXPECT_THAT(answer.error().message, HasSubstr("in time"));
}

TEST_F(BeastWebSocketTest, WhatIsNoAnswerIsUnreachable) {
  for (const char* fault : {"garbage", "reset", "close", "200_html"}) {
    sandbox_->PushNamed(kSide, fault);
    const auto answer = Open(Request());
    const bool is_a_refusal = answer && !answer->socket && answer->refusal.status == 200;
    EXPECT_TRUE(!answer || is_a_refusal) << fault;
  }
  sandbox_->Unplug(kSide);
  const auto refused = Open(Request());
  ASSERT_FALSE(refused);
  EXPECT_TRUE(refused.error().is_connect_failure);
}

TEST_F(BeastWebSocketTest, ControlCharacterFailsUnsent) {
  WebSocketRequest request = Request();
  request.headers.push_back({"X-API-Key", "a\r\nb"});

  EXPECT_EQ(Open(std::move(request)).error().kind, ErrorKind::kInvalidInput);
  EXPECT_EQ(sandbox_->Counters(kSide).total.requests, 0u);
}

TEST_F(BeastWebSocketTest, MessageOverOneMebibyteIsRefused) {
  const auto socket = OpenSocket();
  Act(SocketFaultKind::kText, [](SocketFault& fault) { fault.size = 1 << 20; });
  EXPECT_EQ(Run(socket->Receive())->size(), 1u << 20);
  Act(SocketFaultKind::kText, [](SocketFault& fault) { fault.size = (1 << 20) + 1; });

  const auto message = Run(socket->Receive());

  ASSERT_FALSE(message);
  EXPECT_EQ(message.error().kind, ErrorKind::kReplyInvalid);
}

TEST_F(BeastWebSocketTest, CloseCodeIsTold) {
  const auto socket = OpenSocket();
  Act(SocketFaultKind::kClose, [](SocketFault& fault) { fault.code = 4002; });

  const auto message = Run(socket->Receive());

  ASSERT_FALSE(message);
  EXPECT_EQ(socket->close_code(), 4002);
}

TEST_F(BeastWebSocketTest, BrokenSocketsHaveNoCloseCode) {
  for (const auto kind : {SocketFaultKind::kDrop, SocketFaultKind::kReset, SocketFaultKind::kRaw}) {
    const auto socket = OpenSocket();
    ASSERT_TRUE(socket);
    Act(kind, [](SocketFault& fault) { fault.body = "no frame at all"; });
    EXPECT_FALSE(Run(socket->Receive()));
    EXPECT_FALSE(socket->close_code());
  }
}

TEST_F(BeastWebSocketTest, PeerThatAnswersNoPingIsGivenUp) {
  SocketFault freeze;
  freeze.kind = SocketFaultKind::kFreeze;
  sandbox_->Push(kSide, freeze);
  const auto answer = Run(Connector(milliseconds(100)).Open(Request()));
  ASSERT_TRUE(answer);

  EXPECT_FALSE(Run(answer->socket->Receive()));
}

TEST_F(BeastWebSocketTest, PeerThatOnlyAnswersPingsIsKept) {
  SocketFault silence;
  silence.kind = SocketFaultKind::kSilence;
  sandbox_->Push(kSide, silence);
  const auto answer = Run(Connector(milliseconds(100)).Open(Request()));
  ASSERT_TRUE(answer);
  SocketFault last;
  last.kind = SocketFaultKind::kText;
  last.body = "still here";
  last.delay = milliseconds(400);
  ASSERT_EQ(sandbox_->Act(kSide, last), 1);

  EXPECT_EQ(Run(answer->socket->Receive()), "still here");
  EXPECT_GE(sandbox_->Counters(kSide).sockets.pings_received, 2u);
}

TEST_F(BeastWebSocketTest, AbortEndsWhatIsUnderWay) {
  const auto socket = OpenSocket();
  boost::asio::post(loop_, [&socket] { socket->Abort(); });

  EXPECT_FALSE(Run(socket->Receive()));
}

TEST_F(BeastWebSocketTest, CloseTakesLeaveAndEndsAReceive) {
  for (int i = 0; i < 20; ++i) {
    const auto socket = OpenSocket();
    ASSERT_TRUE(socket);
    boost::asio::co_spawn(loop_, socket->Close(), boost::asio::detached);

    EXPECT_FALSE(Run(socket->Receive()));
  }

  // Normal closures, of which the sandbox hears a little later.
  AwaitOpenSockets(0);
  EXPECT_EQ(sandbox_->Counters(kSide).sockets.ended_by_code[1000], 20u);
}

TEST_F(BeastWebSocketTest, AVenueThatDoesNotAnswerACloseIsLeftByAbort) {
  const auto socket = OpenSocket();
  Act(SocketFaultKind::kFreeze);
  // The sandbox reads this, being in the middle of a read, and nothing behind it.
  ASSERT_TRUE(Run(socket->Send("the last that is read")));
  boost::asio::co_spawn(loop_, socket->Close(), boost::asio::detached);
  Alarm late(loop_.get_executor(), clock_);
  bool is_late = false;
  late.Set(clock_.SteadyNow() + milliseconds(100), [&] {
    is_late = true;
    socket->Abort();
  });

  EXPECT_FALSE(Run(socket->Receive()));
  EXPECT_TRUE(is_late);
}

TEST_F(BeastWebSocketTest, ANameThatDoesNotResolveIsUnreachable) {
  WebSocketRequest request = Request();
  // No name server needs to be asked for that.
  request.server.host = "no..such..host";

  const auto answer = Open(std::move(request));

  ASSERT_FALSE(answer);
  EXPECT_THAT(answer.error().message, HasSubstr("did not resolve"));
  EXPECT_TRUE(answer.error().is_connect_failure);
}

// The sandbox over TLS, with a certificate of a CA that the system does not know.
class BeastWebSocketTlsTest : public BeastWebSocketTest {
 protected:
  void SetUp() override {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "web-socket-test-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string Write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ + "/" + name) << text;
    return folder_ + "/" + name;
  }

  void StartFor(const CertificateRequest& names) {
    const TestCertificate certificate = ca_.Issue(names);
    sandbox::SandboxOptions options;
    options.tls_certificate_file = Write("server.pem", certificate.cert_pem);
    options.tls_key_file = Write("server.key", certificate.key_pem);
    StartSandbox(std::move(options));
  }

  WebSocketRequest TlsRequest(const std::string& ca_file) {
    WebSocketRequest request = Request();
    request.server.tls = true;
    request.ca_file = ca_file;
    return request;
  }

  TestCa ca_;
  std::string folder_;
};

TEST_F(BeastWebSocketTlsTest, CertificateOfATrustedCaForTheHostIsAccepted) {
  StartFor({.ip_addresses = {"127.0.0.1"}});

  const auto answer = Open(TlsRequest(Write("ca.pem", ca_.cert_pem())));

  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_TRUE(answer->socket);
}

TEST_F(BeastWebSocketTlsTest, CertificateOfAnUnknownCaIsRefused) {
  StartFor({.ip_addresses = {"127.0.0.1"}});

  const auto answer = Open(TlsRequest(Write("ca.pem", TestCa("other").cert_pem())));

  ASSERT_FALSE(answer);
  EXPECT_THAT(answer.error().message, HasSubstr("certificate was not accepted"));
  EXPECT_TRUE(answer.error().may_be_configuration);
  EXPECT_EQ(sandbox_->Counters(kSide).total.requests, 0u);
}

TEST_F(BeastWebSocketTlsTest, CertificateForAnotherHostIsRefused) {
  StartFor({.dns_names = {"api.example.com"}, .ip_addresses = {"127.0.0.2"}});

  const auto answer = Open(TlsRequest(Write("ca.pem", ca_.cert_pem())));

  ASSERT_FALSE(answer);
  EXPECT_THAT(answer.error().message, HasSubstr("certificate was not accepted"));
}

TEST_F(BeastWebSocketTlsTest, M27_SocketsOfACaThatIsWithdrawnEndWhenTrustIsRenewed) {
  StartFor({.ip_addresses = {"127.0.0.1"}});
  const std::string withdrawn = Write("ca.pem", ca_.cert_pem());
  const std::string kept = Write("kept.pem", ca_.cert_pem());
  Connector();
  std::vector<std::unique_ptr<WebSocket>> sockets;
  for (int i = 0; i < 12; ++i) {
    auto answer = Run(connector_->Open(TlsRequest(i % 2 == 0 ? withdrawn : kept)));
    ASSERT_TRUE(answer && answer->socket);
    sockets.push_back(std::move(answer->socket));
  }
  connector_->RenewTrust();
  loop_.restart();
  loop_.poll();

  Write("ca.pem", TestCa("other").cert_pem());
  connector_->RenewTrust();

  for (std::size_t i = 0; i < sockets.size(); i += 2) {
    const auto message = Run(sockets[i]->Receive());
    ASSERT_FALSE(message);
    EXPECT_TRUE(message.error().may_be_configuration);
    EXPECT_THAT(message.error().message, HasSubstr("do not vouch"));
  }
  AwaitOpenSockets(6);
  EXPECT_EQ(sandbox_->Act(kSide, SocketFault{}), 6) << "the others live on";
}

TEST_F(BeastWebSocketTlsTest, M27_ASocketWhoseCertificateHasExpiredEndsWithItsNextMessage) {
  StartFor({.ip_addresses = {"127.0.0.1"}, .not_after = seconds(2)});
  Connector();
  auto answer = Run(connector_->Open(TlsRequest(Write("ca.pem", ca_.cert_pem()))));
  ASSERT_TRUE(answer && answer->socket) << (answer ? "" : answer.error().message);
  SocketFault hello;
  hello.kind = SocketFaultKind::kText;
  hello.body = "hello";
  // Not before it has expired.
  hello.delay = milliseconds(3100);
  ASSERT_EQ(sandbox_->Act(kSide, hello), 1);

  const auto message = Run(answer->socket->Receive());

  ASSERT_FALSE(message);
  EXPECT_TRUE(message.error().may_be_configuration);
  EXPECT_THAT(message.error().message, HasSubstr("expired"));
}

TEST_F(BeastWebSocketTlsTest, UnreadableCasAreAnError) {
  StartFor({.ip_addresses = {"127.0.0.1"}});

  const auto answer = Open(TlsRequest(folder_ + "/none.pem"));

  ASSERT_FALSE(answer);
  EXPECT_THAT(answer.error().message, HasSubstr("tls_ca_file"));
}

}  // namespace
}  // namespace balance
