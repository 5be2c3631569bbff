// The transport against a real HTTP server on loopback that misbehaves as told.

#include "clients/http/curl_transport.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sodium.h>
#include <sys/resource.h>
#include <unistd.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "clients/http/curl_global.h"
#include "tests/sandbox/sandbox.h"

namespace balance {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using sandbox::Fault;
using sandbox::FaultKind;
using sandbox::Side;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;

class CurlTransportTest : public testing::Test {
 protected:
  CurlTransportTest() {
    EXPECT_GE(sodium_init(), 0);
    auto started = sandbox::Sandbox::Start();
    if (started) server_ = std::move(*started);
    MakeTransport({.user_agent = "transport-test/1"});
  }

  void MakeTransport(CurlTransport::Options options) {
    transport_ = std::make_unique<CurlTransport>(loop_, std::move(options));
  }

  // /v1/health needs no key.
  HttpRequest Request(Duration timeout = seconds(5)) const {
    return {server_->BaseUrl(Side::kPolysimulator) + "/v1/health", {}, timeout, ""};
  }

  void Push(FaultKind kind, const std::string& body = "", int status = 200) {
    Fault fault;
    fault.kind = kind;
    fault.body = body;
    fault.status = status;
    server_->Push(Side::kPolysimulator, fault);
  }

  // Starts a request whose result lands in `slot`; cancelled ones leave it empty.
  void Spawn(HttpRequest request, std::optional<Result<HttpResponse>>& slot,
             asio::cancellation_signal* cancel = nullptr) {
    auto done = [&slot](const std::exception_ptr& thrown, std::optional<Result<HttpResponse>> r) {
      if (!thrown) slot = std::move(r);
    };
    if (cancel) {
      asio::co_spawn(loop_, SendOne(std::move(request)),
                     asio::bind_cancellation_slot(cancel->slot(), std::move(done)));
    } else {
      asio::co_spawn(loop_, SendOne(std::move(request)), std::move(done));
    }
  }

  asio::awaitable<std::optional<Result<HttpResponse>>> SendOne(HttpRequest request) {
    co_return co_await transport_->Send(std::move(request));
  }

  void Run() {
    loop_.restart();
    loop_.run();
  }

  Result<HttpResponse> Send(HttpRequest request) {
    std::optional<Result<HttpResponse>> slot;
    Spawn(std::move(request), slot);
    Run();
    return slot.value_or(Fail(ErrorKind::kInternal, "the coroutine threw"));
  }

  Result<HttpResponse> Send() { return Send(Request()); }

  CurlGlobal curl_;
  std::unique_ptr<sandbox::Sandbox> server_;
  asio::io_context loop_;
  std::unique_ptr<CurlTransport> transport_;
};

TEST_F(CurlTransportTest, PostCarriesAnEmptyObjectAndTheNextRequestIsAGetAgain) {
  HttpRequest post = Request();
  post.url = server_->BaseUrl(Side::kPolysimulator) + "/v1/keys/ws-token";
  post.method = HttpRequest::Method::kPost;
  post.headers = {{"X-API-Key", server_->polysim_key().api_key},
                  {"Content-Type", "application/json"}};

  const auto token = Send(std::move(post));
  const auto health = Send();

  ASSERT_TRUE(token && health);
  EXPECT_EQ(token->status, 200);
  EXPECT_THAT(token->body, HasSubstr(R"("expires_in":60)"));
  EXPECT_EQ(health->status, 200);
  const auto counters = server_->Counters(Side::kPolysimulator);
  EXPECT_EQ(counters.last_requests.at(0).method, "POST");
  EXPECT_EQ(counters.last_requests.at(1).method, "GET");
  EXPECT_EQ(counters.connections, 1u);
}

TEST_F(CurlTransportTest, AnyStatusIsAValueWithItsHeadersAndBody) {
  Fault fault;
  fault.status = 503;
  fault.headers = {{"Retry-After", "7"}};
  fault.body = "busy";
  server_->Push(Side::kPolysimulator, fault);

  const auto response = Send();

  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 503);
  EXPECT_EQ(response->Header("retry-after"), "7");
  EXPECT_EQ(response->body, "busy");
}

TEST_F(CurlTransportTest, RequestsShareOneConnection) {
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(Send());

  EXPECT_EQ(server_->Counters(Side::kPolysimulator).connections, 1U);
  EXPECT_EQ(transport_->stats().requests, 10U);
  EXPECT_EQ(transport_->stats().new_connections, 1U);
}

// libcurl looks for dead connections once a second only.
TEST_F(CurlTransportTest, AConnectionThatThePeerClosedMeanwhileCostsOneTransientFailureAtMost) {
  ASSERT_TRUE(Send());
  server_->Unplug(Side::kPolysimulator);
  ASSERT_TRUE(server_->Plug(Side::kPolysimulator));

  if (const auto first = Send(); !first) {
    EXPECT_TRUE(first.error().is_transient);
    EXPECT_TRUE(Send());
  }
}

TEST_F(CurlTransportTest, AReusedConnectionThatEndsUnansweredIsNotSentOnAgain) {
  ASSERT_TRUE(Send());
  Fault fault;
  fault.kind = FaultKind::kClose;
  fault.reused_connection_only = true;
  server_->Push(Side::kPolysimulator, fault);

  const auto response = Send();

  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().kind, ErrorKind::kUnreachable);
  EXPECT_TRUE(response.error().is_transient);
  EXPECT_EQ(server_->Counters(Side::kPolysimulator).total.requests, 2U);
  EXPECT_TRUE(Send());
}

TEST_F(CurlTransportTest, RefusedIsUnreachable) {
  server_->Unplug(Side::kPolysimulator);

  const auto response = Send();

  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().kind, ErrorKind::kUnreachable);
  EXPECT_TRUE(response.error().is_connect_failure);
  EXPECT_THAT(response.error().message, HasSubstr("refused"));
}

TEST_F(CurlTransportTest, AnUnresolvableHostIsUnreachable) {
  HttpRequest request = Request();
  request.url = "https://name.invalid/";

  const auto response = Send(request);

  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().kind, ErrorKind::kUnreachable);
  EXPECT_TRUE(response.error().is_connect_failure);
}

// A listener that never takes a connection into TLS: the time ends before there is a request.
TEST_F(CurlTransportTest, TimeThatEndsInTheTlsHandshakeIsAFailureOfTheConnection) {
  asio::ip::tcp::acceptor silent(loop_, {asio::ip::address_v4::loopback(), 0});
  HttpRequest request = Request();
  request.url = "https://127.0.0.1:" + std::to_string(silent.local_endpoint().port()) + "/";
  request.timeout = milliseconds(200);

  const auto response = Send(request);

  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().kind, ErrorKind::kUnreachable);
  EXPECT_TRUE(response.error().is_connect_failure);
}

TEST_F(CurlTransportTest, TimeThatEndsAfterTheRequestWasWrittenIsNoFailureOfTheConnection) {
  Push(FaultKind::kHang);
  HttpRequest request = Request();
  request.timeout = milliseconds(200);

  const auto response = Send(request);

  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().kind, ErrorKind::kUnreachable);
  EXPECT_FALSE(response.error().is_connect_failure);
}

TEST_F(CurlTransportTest, CutBodiesAreNeverComplete) {
  for (const FaultKind kind :
       {FaultKind::kTruncated, FaultKind::kCutChunked, FaultKind::kReset, FaultKind::kClose}) {
    Push(kind, R"({"balance":"1"})");

    const auto response = Send();

    ASSERT_FALSE(response) << static_cast<int>(kind);
    EXPECT_EQ(response.error().kind, ErrorKind::kUnreachable);
    EXPECT_FALSE(response.error().is_connect_failure);
  }
}

TEST_F(CurlTransportTest, WhatIsNotHttpIsAnInvalidReply) {
  Push(FaultKind::kRaw, "hello there\r\n\r\n");

  EXPECT_EQ(Send().error().kind, ErrorKind::kReplyInvalid);
}

TEST_F(CurlTransportTest, ABodyOverTheLimitIsRefusedInBothFramings) {
  MakeTransport({.user_agent = "transport-test/1", .max_body_bytes = 100});
  const std::string large(101, 'x');
  Push(FaultKind::kReply, large);
  EXPECT_EQ(Send().error().kind, ErrorKind::kReplyInvalid);
  Push(FaultKind::kRaw,
       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n" + large + "\r\n0\r\n\r\n");
  EXPECT_EQ(Send().error().kind, ErrorKind::kReplyInvalid);

  Push(FaultKind::kReply, std::string(100, 'x'));
  EXPECT_EQ(Send()->body.size(), 100U);
}

TEST_F(CurlTransportTest, EndlessHeadersAreRefused) {
  std::string answer = "HTTP/1.1 200 OK\r\n";
  for (int i = 0; i < 2000; ++i) answer += "X-Filler: " + std::string(60, 'x') + "\r\n";
  Push(FaultKind::kRaw, answer + "Content-Length: 0\r\n\r\n");

  EXPECT_EQ(Send().error().kind, ErrorKind::kReplyInvalid);
}

TEST_F(CurlTransportTest, AnEndlessHeaderLineIsRefused) {
  Push(FaultKind::kRaw, "HTTP/1.1 200 OK\r\nX-Filler: " + std::string(300'000, 'x') +
                            "\r\nContent-Length: 0\r\n\r\n");

  EXPECT_EQ(Send().error().kind, ErrorKind::kReplyInvalid);
}

TEST_F(CurlTransportTest, InterimAnswersLeaveNoHeaders) {
  Push(FaultKind::kRaw,
       "HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\n"
       "HTTP/1.1 200 OK\r\nX-Late: 2\r\nContent-Length: 2\r\n\r\nok");

  const auto response = Send();

  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->Header("X-Early"), "");
  EXPECT_EQ(response->Header("X-Late"), "2");
}

TEST_F(CurlTransportTest, M74_WhatATrailerSaysIsNoHeader) {
  Push(FaultKind::kRaw,
       "HTTP/1.1 503 Busy\r\nX-Header: 1\r\nTransfer-Encoding: chunked\r\n"
       "Trailer: Retry-After, Date\r\n\r\n4\r\nbusy\r\n0\r\n"
       "Retry-After: 300\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n");

  const auto response = Send();

  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 503);
  EXPECT_EQ(response->body, "busy");
  EXPECT_EQ(response->Header("X-Header"), "1");
  EXPECT_EQ(response->Header("Retry-After"), "");
  EXPECT_EQ(response->Header("Date"), "");
}

TEST_F(CurlTransportTest, RedirectsAreNotFollowed) {
  Fault fault;
  fault.status = 302;
  fault.headers = {{"Location", server_->BaseUrl(Side::kPolymarket) + "/v1/account/balances"}};
  server_->Push(Side::kPolysimulator, fault);

  const auto response = Send();

  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 302);
  EXPECT_EQ(server_->Counters(Side::kPolymarket).connections, 0U);
}

TEST_F(CurlTransportTest, ASilentServerIsGivenUpWhileAnotherRequestProceeds) {
  Push(FaultKind::kHang);
  std::optional<Result<HttpResponse>> hung;
  std::optional<Result<HttpResponse>> quick;
  HttpRequest other = Request();
  other.url = server_->BaseUrl(Side::kPolymarket) + "/";
  Spawn(Request(milliseconds(300)), hung);
  Spawn(other, quick);

  const auto begin = std::chrono::steady_clock::now();
  Run();

  EXPECT_EQ(hung->error().kind, ErrorKind::kUnreachable);
  EXPECT_THAT(hung->error().message, HasSubstr("no complete answer within 0.3 s"));
  EXPECT_TRUE(*quick);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, seconds(2));
}

TEST_F(CurlTransportTest, ASilentServerOnAReusedConnectionIsNotMistakenForAnUnreachableOne) {
  ASSERT_TRUE(Send());
  Push(FaultKind::kHang);

  EXPECT_THAT(Send(Request(milliseconds(200))).error().message,
              HasSubstr("no complete answer within 0.2 s"));
}

TEST_F(CurlTransportTest, AConnectionThatIsNotMadeInTimeIsToldFromAMissingAnswer) {
  // Its queue is full, so the kernel ignores further connections.
  tcp::acceptor deaf(loop_, tcp::v4());
  deaf.bind({asio::ip::address_v4::loopback(), 0});
  deaf.listen(0);
  tcp::socket first(loop_);
  first.connect(deaf.local_endpoint());
  HttpRequest request = Request(milliseconds(200));
  request.url = "http://127.0.0.1:" + std::to_string(deaf.local_endpoint().port());

  const auto response = Send(request);

  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().kind, ErrorKind::kUnreachable);
  EXPECT_THAT(response.error().message, HasSubstr("no connection could be made within 0.2 s"));
}

TEST_F(CurlTransportTest, ASlowBodyIsGivenUpAtTheTimeout) {
  Fault fault;
  fault.kind = FaultKind::kSlowBody;
  fault.body = std::string(1000, 'x');
  fault.drip = milliseconds(50);
  server_->Push(Side::kPolysimulator, fault);

  EXPECT_EQ(Send(Request(milliseconds(200))).error().kind, ErrorKind::kUnreachable);
}

TEST_F(CurlTransportTest, AHeaderWithAControlCharacterIsNotSent) {
  const std::string values[] = {"key\r\nX-Evil: 1", "key\n", "a\x01"};
  for (const std::string& value : values) {
    HttpRequest request = Request();
    request.headers = {{"X-API-Key", value}};

    EXPECT_EQ(Send(request).error().kind, ErrorKind::kInvalidInput);
  }
  EXPECT_EQ(server_->Counters(Side::kPolysimulator).total.requests, 0U);
}

TEST_F(CurlTransportTest, ARequestWithoutTimeIsNotSent) {
  EXPECT_EQ(Send(Request(Duration::zero())).error().kind, ErrorKind::kInvalidInput);
  EXPECT_EQ(server_->Counters(Side::kPolysimulator).connections, 0U);
}

TEST_F(CurlTransportTest, HeadersArriveAsGivenAndErrorsDoNotRepeatThem) {
  HttpRequest request = Request();
  request.url = server_->BaseUrl(Side::kPolysimulator) + "/v1/account/balance?token=hidden";
  request.headers = {{"X-API-Key", server_->polysim_key().api_key}};
  EXPECT_EQ(Send(request)->status, 200);
  Fault reset;
  reset.kind = FaultKind::kReset;
  // Once for the connection at hand, once for the fresh one that replaces it.
  reset.count = 2;
  server_->Push(Side::kPolysimulator, reset);

  const auto failed = Send(request);

  ASSERT_FALSE(failed);
  EXPECT_THAT(failed.error().message, Not(HasSubstr("hidden")));
  EXPECT_THAT(failed.error().message, Not(HasSubstr(server_->polysim_key().api_key)));
}

// Answers the first request that arrives and keeps the bytes of its head.
asio::awaitable<void> AnswerOnce(tcp::acceptor& acceptor, std::string& head) {
  tcp::socket socket = co_await acceptor.async_accept(asio::use_awaitable);
  co_await asio::async_read_until(socket, asio::dynamic_buffer(head), "\r\n\r\n",
                                  asio::use_awaitable);
  const std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
  co_await asio::async_write(socket, asio::buffer(answer), asio::use_awaitable);
}

TEST_F(CurlTransportTest, TheRequestIsByteForByteWhatItShouldBe) {
  tcp::acceptor acceptor(loop_, {asio::ip::address_v4::loopback(), 0});
  const std::string host = "127.0.0.1:" + std::to_string(acceptor.local_endpoint().port());
  std::string head;
  asio::co_spawn(loop_, AnswerOnce(acceptor, head), asio::detached);
  HttpRequest request = Request();
  request.url = "http://" + host + "/pm/v1/account/balances?x=1";
  request.headers = {{"X-API-Key", "ps_live_1"}, {"X-Empty", ""}, {"Accept", "application/json"}};

  const auto response = Send(request);

  ASSERT_TRUE(response);
  EXPECT_EQ(head, "GET /pm/v1/account/balances?x=1 HTTP/1.1\r\nHost: " + host +
                      "\r\nUser-Agent: transport-test/1\r\nX-API-Key: ps_live_1\r\nX-Empty:\r\n"
                      "Accept: application/json\r\n\r\n");
}

TEST_F(CurlTransportTest, TheUserAgentIsOurs) {
  MakeTransport({.user_agent = "Python-urllib/3"});
  EXPECT_EQ(Send()->status, 403);

  MakeTransport({.user_agent = "transport-test/1"});
  EXPECT_EQ(Send()->status, 200);
}

TEST_F(CurlTransportTest, AHundredRequestsAtOnce) {
  std::vector<std::optional<Result<HttpResponse>>> slots(100);
  for (auto& slot : slots) Spawn(Request(), slot);
  Run();

  for (const auto& slot : slots) {
    ASSERT_TRUE(slot && *slot);
    EXPECT_EQ((*slot)->status, 200);
  }
}

TEST_F(CurlTransportTest, MoreRequestsThanOneHandleTakesAndTheirConnectionsServeTheNext) {
  // Both ends' sockets are in this process, which may have 1,024 descriptors.
  constexpr std::size_t kRequests = 300;
  const auto send_all = [this] {
    std::vector<std::optional<Result<HttpResponse>>> slots(kRequests);
    for (auto& slot : slots) Spawn(Request(), slot);
    Run();
    for (const auto& slot : slots) {
      ASSERT_TRUE(slot && *slot);
      EXPECT_EQ((*slot)->status, 200);
    }
  };
  ASSERT_NO_FATAL_FAILURE(send_all());
  const auto connections = transport_->stats().new_connections;
  EXPECT_LE(connections, kRequests);

  ASSERT_NO_FATAL_FAILURE(send_all());
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(Send());

  EXPECT_EQ(transport_->stats().requests, 2 * kRequests + 100);
  EXPECT_LT(transport_->stats().new_connections, 2 * connections);
}

TEST_F(CurlTransportTest, ACancelledRequestEndsAtOnceAndTheNextOneIsFine) {
  Push(FaultKind::kHang);
  std::optional<Result<HttpResponse>> slot;
  asio::cancellation_signal cancel;
  Spawn(Request(), slot, &cancel);
  const auto give_up = std::chrono::steady_clock::now() + seconds(5);
  while (server_->Counters(Side::kPolysimulator).total.requests == 0 &&
         std::chrono::steady_clock::now() < give_up) {
    loop_.restart();
    loop_.poll();
  }
  cancel.emit(asio::cancellation_type::terminal);
  Run();

  EXPECT_FALSE(slot);
  EXPECT_TRUE(Send());
}

TEST_F(CurlTransportTest, ARequestMayBeCancelledBetweenAnyTwoTurnsOfTheLoop) {
  for (int turns = 0; turns < 30; ++turns) {
    std::optional<Result<HttpResponse>> slot;
    std::optional<Result<HttpResponse>> other;
    asio::cancellation_signal cancel;
    Spawn(Request(), slot, &cancel);
    Spawn(Request(), other);
    loop_.restart();
    for (int i = 0; i < turns; ++i) loop_.run_one();

    asio::post(loop_, [&cancel] { cancel.emit(asio::cancellation_type::terminal); });
    Run();

    EXPECT_TRUE(!slot || *slot) << slot->error().message;
    EXPECT_TRUE(other && *other);
  }
}

// Else all hosts would be taken to be down.
TEST_F(CurlTransportTest, M106_ALackOfSocketsIsNotBlamedOnTheHost) {
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  // All below it are in use. A limit of 0 would keep poll() from working as well.
  const int next = open("/dev/null", O_RDONLY | O_CLOEXEC);
  ASSERT_GE(next, 0);
  close(next);
  rlimit none = before;
  none.rlim_cur = static_cast<rlim_t>(next);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  const auto refused = Send(Request());
  HttpRequest by_name = Request();
  by_name.url = "http://venue.invalid/";
  const auto unresolved = Send(std::move(by_name));
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);

  for (const auto* answer : {&refused, &unresolved}) {
    ASSERT_FALSE(*answer);
    const Error& error = answer->error();
    EXPECT_EQ(error.kind, ErrorKind::kUnreachable);
    EXPECT_TRUE(error.is_transient);
    EXPECT_TRUE(error.is_local) << error.message;
    EXPECT_FALSE(error.is_connect_failure);
    EXPECT_THAT(error.message, HasSubstr("could open no socket"));
  }
  EXPECT_TRUE(Send(Request()));
}

TEST_F(CurlTransportTest, RequestsUnderWayEndWithTheTransport) {
  Push(FaultKind::kHang);
  std::optional<Result<HttpResponse>> slot;
  Spawn(Request(), slot);
  loop_.restart();
  loop_.poll();
  transport_.reset();
  Run();

  EXPECT_FALSE(slot);
}

TEST_F(CurlTransportTest, TheTransportMayDieBetweenAnyTwoTurnsOfTheLoop) {
  for (std::size_t turns = 0; turns < 100; ++turns) {
    MakeTransport({.user_agent = "transport-test/1"});
    std::vector<std::optional<Result<HttpResponse>>> slots(8);
    for (auto& slot : slots) Spawn(Request(), slot);
    loop_.restart();
    // The first turns begin one request each.
    for (std::size_t i = 0; i < slots.size() + turns; ++i) loop_.run_one();

    transport_.reset();
    Run();

    for (const auto& slot : slots) EXPECT_TRUE(!slot || *slot) << slot->error().message;
  }
}

}  // namespace
}  // namespace balance
