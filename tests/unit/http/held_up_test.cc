// M72: the loop did not run for a while, because the process was stopped or its machine overloaded.
// What has arrived meanwhile counts, and what has not is not held against the upstream.

#include <gmock/gmock.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <future>
#include <optional>
#include <thread>

#include "clients/http/curl_global.h"
#include "clients/http/curl_transport.h"
#include "tests/unit/http/keep_alive_upstream.h"

namespace balance {
namespace {

namespace asio = boost::asio;
using std::chrono::milliseconds;
using std::chrono::steady_clock;
using Peer = KeepAliveUpstream::Peer;

constexpr milliseconds kTimeout(400);
// Longer than libcurl's timer and the attempt together.
constexpr milliseconds kPause(1500);

class HeldUpTest : public testing::Test {
 protected:
  void Serve(KeepAliveUpstream::Script script) { upstream_.emplace(std::move(script)); }

  // Sends a request and runs the loop until the upstream has read it.
  void Begin() {
    Spawn("", slot_);
    const auto give_up = steady_clock::now() + std::chrono::seconds(10);
    auto read = read_.get_future();
    while (read.wait_for(milliseconds(0)) != std::future_status::ready) {
      ASSERT_LT(steady_clock::now(), give_up);
      loop_.restart();
      loop_.poll();
    }
  }
  void Spawn(const std::string& path, std::optional<Result<HttpResponse>>& slot) {
    asio::co_spawn(loop_, SendOne({upstream_->Url() + "/" + path, {}, kTimeout}),
                   [&slot](const std::exception_ptr&, std::optional<Result<HttpResponse>> result) {
                     slot = std::move(result);
                   });
  }
  // The fault itself: the loop does not run.
  static void Pause() { std::this_thread::sleep_for(kPause); }
  void Run() {
    loop_.restart();
    loop_.run();
  }
  asio::awaitable<std::optional<Result<HttpResponse>>> SendOne(HttpRequest request) {
    co_return co_await transport_.Send(std::move(request));
  }

  // Set by the script when it has read the request.
  std::promise<void> read_;
  CurlGlobal curl_;
  std::optional<KeepAliveUpstream> upstream_;
  asio::io_context loop_;
  CurlTransport transport_{loop_, {.user_agent = "transport-test/1"}};
  std::optional<Result<HttpResponse>> slot_;
};

TEST_F(HeldUpTest, M72_AnAnswerThatCameMeanwhileIsTaken) {
  std::promise<void> answered;
  Serve([&](Peer& peer) {
    if (!peer.ReadRequest()) return;
    read_.set_value();
    peer.Send(AnswerWith("in time"));
    answered.set_value();
  });
  ASSERT_NO_FATAL_FAILURE(Begin());

  Pause();
  answered.get_future().wait();
  Run();

  ASSERT_TRUE(slot_ && *slot_) << (*slot_).error().message;
  EXPECT_EQ((*slot_)->body, "in time");
}

TEST_F(HeldUpTest, M72_AnAnswerHasAfterThePauseTheTimeThatItHadBefore) {
  std::promise<void> paused;
  Serve([&](Peer& peer) {
    if (!peer.ReadRequest()) return;
    read_.set_value();
    paused.get_future().wait();
    peer.Send(AnswerWith("later"));
  });
  ASSERT_NO_FATAL_FAILURE(Begin());

  Pause();
  // The loop sees that it was late before the answer is there.
  loop_.restart();
  loop_.poll();
  paused.set_value();
  Run();

  ASSERT_TRUE(slot_ && *slot_) << (*slot_).error().message;
  EXPECT_EQ((*slot_)->body, "later");
}

TEST_F(HeldUpTest, M72_NoAnswerIsStillATimeoutButNotTheUpstreamsAlone) {
  Serve([&](Peer& peer) {
    if (!peer.ReadRequest()) return;
    read_.set_value();
    peer.ReadRequest();
  });
  ASSERT_NO_FATAL_FAILURE(Begin());

  Pause();
  const auto resumed = steady_clock::now();
  Run();

  ASSERT_TRUE(slot_);
  ASSERT_FALSE(*slot_);
  const Error& error = slot_->error();
  EXPECT_EQ(error.kind, ErrorKind::kUnreachable);
  EXPECT_TRUE(error.is_held_up);
  EXPECT_FALSE(error.is_local);
  EXPECT_TRUE(error.is_transient);
  EXPECT_FALSE(error.is_connect_failure);
  EXPECT_THAT(error.message, testing::HasSubstr("this service itself was held up"));
  EXPECT_LT(steady_clock::now() - resumed, std::chrono::seconds(5));
}

// It neither takes the time of those that were held up nor is given any itself.
TEST_F(HeldUpTest, M72_ARequestThatBeginsAfterThePauseWasNotHeldUp) {
  std::promise<void> answered;
  Serve([&](Peer& peer) {
    if (peer.ReadRequest() != "") {
      peer.ReadRequest();
      return;
    }
    read_.set_value();
    peer.Send(AnswerWith("in time"));
    answered.set_value();
    peer.ReadRequest();
  });
  ASSERT_NO_FATAL_FAILURE(Begin());
  std::optional<Result<HttpResponse>> later;

  Pause();
  answered.get_future().wait();
  Spawn("silent", later);
  Run();

  ASSERT_TRUE(slot_ && *slot_) << (*slot_).error().message;
  EXPECT_EQ((*slot_)->body, "in time");
  ASSERT_TRUE(later && !*later);
  EXPECT_FALSE(later->error().is_local) << later->error().message;
}

TEST_F(HeldUpTest, ATimeoutOfALoopThatRunsIsTheUpstreams) {
  Serve([&](Peer& peer) {
    if (!peer.ReadRequest()) return;
    read_.set_value();
    peer.ReadRequest();
  });
  ASSERT_NO_FATAL_FAILURE(Begin());
  Run();

  ASSERT_TRUE(slot_);
  ASSERT_FALSE(*slot_);
  EXPECT_FALSE(slot_->error().is_held_up) << slot_->error().message;
}

}  // namespace
}  // namespace balance
