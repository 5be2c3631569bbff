// M70: an upstream sends more answers than it was asked for, on connections that are kept. None of
// them may become the answer to a later request.

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
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
using Peer = KeepAliveUpstream::Peer;

// Answers each request with its path, as an upstream should.
void AnswerInTurn(Peer& peer) {
  while (const auto asked = peer.ReadRequest()) peer.Send(AnswerWith(*asked));
}

// Answers each request with the number of its connection.
void AnswerWithNumber(Peer& peer) {
  while (peer.ReadRequest()) peer.Send(AnswerWith(std::to_string(peer.number())));
}

constexpr SourceKind kKind{7};

class DropCounter final : public ConnectionObserver {
 public:
  void OnConnectionDropped(SourceKind kind, ConnectionDrop why) override {
    EXPECT_EQ(kind, kKind);
    ++count_[static_cast<std::size_t>(why)];
  }
  int count(ConnectionDrop why) const { return count_[static_cast<std::size_t>(why)]; }

 private:
  std::array<int, kConnectionDropCount> count_{};
};

class UnaskedAnswerTest : public testing::Test {
 protected:
  void Serve(KeepAliveUpstream::Script script) { upstream_.emplace(std::move(script)); }

  // The body of the answer to GET /`asked`, or why there is none.
  std::string Ask(const std::string& asked, std::uint64_t login = 1) {
    HttpRequest request{upstream_->Url() + "/" + asked, {}, std::chrono::seconds(10)};
    request.login = login;
    const auto response = Send(std::move(request));
    return response ? response->body : "error: " + response.error().message;
  }
  Result<HttpResponse> Send(HttpRequest request) {
    request.kind = kKind;
    std::optional<Result<HttpResponse>> slot;
    asio::co_spawn(loop_, SendOne(std::move(request)),
                   [&slot](const std::exception_ptr&, std::optional<Result<HttpResponse>> result) {
                     slot = std::move(result);
                   });
    loop_.restart();
    loop_.run();
    return *slot;
  }
  asio::awaitable<std::optional<Result<HttpResponse>>> SendOne(HttpRequest request) {
    co_return co_await transport_->Send(std::move(request));
  }

  int unasked() const { return drops_.count(ConnectionDrop::kUnaskedBytes); }

  CurlGlobal curl_;
  std::optional<KeepAliveUpstream> upstream_;
  DropCounter drops_;
  asio::io_context loop_;
  std::optional<CurlTransport> transport_{
      std::in_place, loop_,
      CurlTransport::Options{.user_agent = "transport-test/1", .observer = &drops_}};
};

TEST_F(UnaskedAnswerTest, M70_AWholeAnswerOnAnIdleConnection) {
  Serve(AnswerInTurn);
  ASSERT_EQ(Ask("1"), "1");
  upstream_->Push(1, AnswerWith("unasked"));

  EXPECT_EQ(Ask("2"), "2");
  EXPECT_EQ(Ask("3"), "3");

  EXPECT_EQ(upstream_->connections(), 2);
  EXPECT_EQ(unasked(), 1);
}

TEST_F(UnaskedAnswerTest, M70_OnEveryReuse) {
  Serve(AnswerInTurn);
  for (int i = 1; i <= 20; ++i) {
    const std::string asked = std::to_string(i);
    EXPECT_EQ(Ask(asked), asked);
    upstream_->Push(i, AnswerWith("unasked " + asked));
  }

  EXPECT_EQ(upstream_->connections(), 20);
  EXPECT_EQ(unasked(), 19);
}

TEST_F(UnaskedAnswerTest, M70_HalfAnAnswerAndTheRestOfItLater) {
  Serve(AnswerInTurn);
  const std::string unasked_answer = AnswerWith("unasked");
  for (std::size_t half = 1; half < unasked_answer.size(); half += 7) {
    const int connection = std::max(1, upstream_->connections());
    ASSERT_EQ(Ask("before"), "before");
    upstream_->Push(upstream_->connections(), unasked_answer.substr(0, half));

    EXPECT_EQ(Ask("after"), "after") << half;
    upstream_->Push(connection, unasked_answer.substr(half));
    EXPECT_EQ(Ask("later"), "later") << half;
  }
}

TEST_F(UnaskedAnswerTest, M70_InOnePieceWithTheAnswer) {
  const std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  Serve([&](Peer& peer) {
    while (const auto asked = peer.ReadRequest()) {
      const std::string answer = *asked == "chunked" ? chunked + "7\r\nchunked\r\n0\r\n\r\n"
                                 : *asked == "empty" ? AnswerWith("", "204 No Content")
                                                     : AnswerWith(*asked);
      peer.Send(answer + AnswerWith("unasked").substr(0, 30));
    }
  });
  for (const std::string asked : {"sized", "chunked", "empty", "sized"}) {
    EXPECT_EQ(Ask(asked), asked == "empty" ? "" : asked);
    // The rest of what came with the answer, of which libcurl has swallowed the beginning.
    upstream_->Push(upstream_->connections(), AnswerWith("unasked").substr(30));
    EXPECT_EQ(Ask("sized"), "sized") << "after " << asked;
  }
}

TEST_F(UnaskedAnswerTest, M70_ATimeoutOfTheUpstreamOnAnIdleConnection) {
  Serve(AnswerInTurn);
  ASSERT_EQ(Ask("1"), "1");
  upstream_->Push(1, AnswerWith("too slow", "408 Request Timeout"));
  upstream_->Close(1);

  EXPECT_EQ(Ask("2"), "2");
}

TEST_F(UnaskedAnswerTest, M70_OnAcceptItShiftsNothingAfterIt) {
  Serve([](Peer& peer) {
    if (peer.number() == 1) peer.Send(AnswerWith("unasked"));
    AnswerInTurn(peer);
    // Idle connections end with the test.
  });
  // It comes before the request is written, or before that has arrived, or after: then it cannot be
  // told from an answer.
  const auto first = Send({upstream_->Url() + "/1", {}, std::chrono::seconds(10)});
  if (first) {
    EXPECT_TRUE(first->body == "1" || first->body == "unasked") << first->body;
  } else {
    EXPECT_TRUE(first.error().is_transient) << first.error().message;
    EXPECT_EQ(unasked(), 1);
  }
  // By then the answer to the first request has come, too late.
  upstream_->Push(1, "");

  for (const std::string asked : {"2", "3", "4"}) EXPECT_EQ(Ask(asked), asked);
}

// The upstream's machine has not acknowledged the request, so it cannot have read all of it.
TEST_F(UnaskedAnswerTest, M70_AnAnswerBeforeTheRequestHasArrivedIsNone) {
  Serve([](Peer& peer) {
    const int few = 4096;
    setsockopt(peer.socket().native_handle(), SOL_SOCKET, SO_RCVBUF, &few, sizeof few);
    peer.socket().wait(KeepAliveUpstream::tcp::socket::wait_read);
    peer.Send(AnswerWith("unasked"));
    while (peer.ReadRequest()) {
    }
  });
  HttpRequest request{upstream_->Url() + "/", {}, std::chrono::seconds(10)};
  request.headers = {{"X-Filler", std::string(900'000, 'x')}};

  const auto response = Send(std::move(request));

  ASSERT_FALSE(response) << response->body;
  EXPECT_EQ(response.error().kind, ErrorKind::kUnreachable);
  EXPECT_TRUE(response.error().is_transient);
  EXPECT_EQ(unasked(), 1);
}

TEST_F(UnaskedAnswerTest, AConnectionThatThePeerHasClosedCostsNoFailure) {
  Serve(AnswerInTurn);
  for (int i = 1; i <= 5; ++i) {
    ASSERT_EQ(Ask("next"), "next");
    upstream_->Close(i);
  }

  EXPECT_EQ(Ask("last"), "last");
  EXPECT_EQ(unasked(), 0);
}

TEST_F(UnaskedAnswerTest, ConnectionsBelongToOneLoginEach) {
  Serve(AnswerWithNumber);
  for (int round = 0; round < 3; ++round) {
    EXPECT_EQ(Ask("", 7), "1");
    EXPECT_EQ(Ask("", 8), "2");
    EXPECT_EQ(Ask("", 9), "3");
  }
}

TEST_F(UnaskedAnswerTest, BeyondTheLimitTheConnectionThatWasIdleLongestChangesHands) {
  transport_.emplace(
      loop_, CurlTransport::Options{.user_agent = "transport-test/1", .limits = {.total = 4}});
  Serve(AnswerWithNumber);
  EXPECT_EQ(Ask("", 7), "1");
  EXPECT_EQ(Ask("", 8), "2");

  EXPECT_EQ(Ask("", 9), "1");
  EXPECT_EQ(Ask("", 7), "2");
  EXPECT_EQ(Ask("", 9), "1");
  EXPECT_EQ(upstream_->connections(), 2);
}

TEST_F(UnaskedAnswerTest, AfterAFailureTheNextRequestUsesANewConnection) {
  Serve([](Peer& peer) {
    while (const auto asked = peer.ReadRequest()) {
      if (*asked == "fail") return peer.socket().close();
      peer.Send(AnswerWith(std::to_string(peer.number())));
    }
  });
  EXPECT_EQ(Ask("ok"), "1");
  EXPECT_EQ(Ask("ok", 2), "2");
  EXPECT_TRUE(Ask("fail").starts_with("error"));

  const std::string fresh = Ask("ok");
  EXPECT_NE(fresh, "1");
  EXPECT_NE(fresh, "2");
  // The failure of one login costs no other its connection.
  EXPECT_EQ(Ask("ok", 2), "2");
}

}  // namespace
}  // namespace balance
