// Answers from the cache whose callers give them no room: such a call is over when its caller is
// gone, its deadline has passed or the server has stopped.

#include <chrono>
#include <future>
#include <memory>
#include <string>

#include "service/rpc/call_queue.h"
#include "service/rpc/core_methods.h"
#include "service/rpc/open_calls.h"
#include "service/rpc/unary_calls.h"
#include "tests/integration/rpc/service_fixture.h"
#include "tests/support/http2_peer.h"

namespace balance {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

// Longer than a test waits.
constexpr auto kForEver = seconds(30);
constexpr auto kPatience = seconds(10);
constexpr auto kMoment = milliseconds(200);
// gRPC rounds times to a millisecond, and may have looked at its clock a little earlier.
constexpr auto kRounding = milliseconds(20);

// Whether that happens while the peer hears what the server has to say.
bool IsReady(const std::future<void>& awaited, Http2Peer& peer, milliseconds patience) {
  const auto end = steady_clock::now() + patience;
  while (awaited.wait_for(milliseconds(1)) != std::future_status::ready) {
    if (steady_clock::now() >= end) return false;
    while (peer.Next(milliseconds(1))) {
    }
  }
  return true;
}

class UntakenAnswerTest : public ServiceFixture {
 protected:
  UntakenAnswerTest() {
    AddAccount("desk-1");
    Serve();
    v1::AccountSnapshot snapshot;
    EXPECT_TRUE(Get({}, snapshot).ok());
  }

  Http2Peer Connect() const { return Http2Peer("127.0.0.1:" + std::to_string(port_)); }

  // One call, answered.
  void CallWithoutTaking(Http2Peer& peer, const Headers& more = {}) {
    ASSERT_TRUE(peer.Send(NoRoomForAnswers() + Call(1, "", more)));
    ASSERT_TRUE(peer.IsAnswerHeldBack(1));
    EXPECT_EQ(rpc_observer_.handled, 2);
    EXPECT_EQ(Real("desk-1").requests(), 1);
  }

  // Ready when every call is over. Those that are not are cancelled after `patience`.
  std::future<void> Stop(milliseconds patience) {
    return std::async(std::launch::async, [this, patience] {
      server_->Shutdown(std::chrono::system_clock::now() + patience);
      calls_.Stop();
    });
  }
};

TEST_F(UntakenAnswerTest, EndsWhenItIsTakenAfterAll) {
  Http2Peer peer = Connect();
  ASSERT_NO_FATAL_FAILURE(CallWithoutTaking(peer));
  const auto stopped = Stop(kForEver);
  EXPECT_FALSE(IsReady(stopped, peer, kMoment));

  peer.Send(Encode({FrameType::kWindowUpdate, 0, 1, std::string("\0\0\xFF\xFF", 4)}));

  EXPECT_TRUE(IsReady(stopped, peer, kPatience));
}

TEST_F(UntakenAnswerTest, EndsWhenItsStreamIsReset) {
  Http2Peer peer = Connect();
  ASSERT_NO_FATAL_FAILURE(CallWithoutTaking(peer));
  const auto stopped = Stop(kForEver);
  EXPECT_FALSE(IsReady(stopped, peer, kMoment));

  peer.Send(Cancel(1));

  EXPECT_TRUE(IsReady(stopped, peer, kPatience));
}

TEST_F(UntakenAnswerTest, EndsWithItsConnection) {
  Http2Peer peer = Connect();
  ASSERT_NO_FATAL_FAILURE(CallWithoutTaking(peer));
  const auto stopped = Stop(kForEver);
  EXPECT_FALSE(IsReady(stopped, peer, kMoment));

  peer.Leave(false);

  EXPECT_TRUE(IsReady(stopped, peer, kPatience));
}

TEST_F(UntakenAnswerTest, EndsWithItsDeadline) {
  const auto begin = steady_clock::now();
  Http2Peer peer = Connect();
  ASSERT_NO_FATAL_FAILURE(CallWithoutTaking(peer, {{"grpc-timeout", "2S"}}));

  const auto stopped = Stop(kForEver);

  EXPECT_TRUE(IsReady(stopped, peer, kPatience));
  EXPECT_GE(steady_clock::now() - begin, seconds(2) - kRounding);
}

TEST_F(UntakenAnswerTest, EndsWithTheServersPatience) {
  Http2Peer peer = Connect();
  ASSERT_NO_FATAL_FAILURE(CallWithoutTaking(peer));
  const auto begin = steady_clock::now();

  const auto stopped = Stop(kMoment);

  EXPECT_TRUE(IsReady(stopped, peer, kPatience));
  EXPECT_GE(steady_clock::now() - begin, kMoment - kRounding);
}

// A client that stops between the parts of a call, as load generators do, is no failure of a call.
class BrokenOffCallTest : public UntakenAnswerTest {
 protected:
  // Stream identifiers of a client are odd.
  static constexpr std::uint32_t kLastStream = 99;

  // Calls without their messages, which the server has seen. Whether gRPC gives up one by itself is
  // a matter of time, so they are many.
  void BeginCalls(Http2Peer& peer) {
    std::string calls;
    for (std::uint32_t stream = 1; stream <= kLastStream; stream += 2) calls += CallHeaders(stream);
    ASSERT_TRUE(peer.Send(calls + Encode({FrameType::kPing, 0, 0, std::string(8, 'p')})));
    std::optional<Frame> frame;
    do {
      frame = peer.Next(kPatience);
      ASSERT_TRUE(frame);
    } while (frame->type != FrameType::kPing || (frame->flags & kAck) == 0);
  }

  void ExpectNothingWasHandled() {
    // A server that stops takes no more calls, so it is to have heard of the end before.
    v1::AccountSnapshot snapshot;
    EXPECT_TRUE(Get({}, snapshot).ok());
    server_->Shutdown();
    calls_.Stop();
    // That one, and the one that warmed the cache.
    EXPECT_EQ(rpc_observer_.started, 2);
    EXPECT_EQ(rpc_observer_.handled, 2);
  }
};

TEST_F(BrokenOffCallTest, IsNotHandledWhenItsStreamIsReset) {
  Http2Peer peer = Connect();
  ASSERT_NO_FATAL_FAILURE(BeginCalls(peer));
  for (std::uint32_t stream = 1; stream <= kLastStream; stream += 2) peer.Send(Cancel(stream));
  peer.Leave(false);
  ExpectNothingWasHandled();
}

TEST_F(BrokenOffCallTest, IsNotHandledWhenItsConnectionEnds) {
  Http2Peer peer = Connect();
  ASSERT_NO_FATAL_FAILURE(BeginCalls(peer));
  peer.Leave(false);
  ExpectNothingWasHandled();
}

// The same of the calls themselves, while their connection stays.
class UntakenCallTest : public testing::Test {
 protected:
  UntakenCallTest() {
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&service_);
    queue_ = std::make_unique<CallQueue>(builder);
    calls_ = std::make_unique<UnaryCalls>(
        method_, *queue_, open_calls_, unsent_, [](IncomingCall& call) {
          call.Finish(BytesOf(v1::Source::default_instance()), grpc::Status::OK);
        });
    server_ = builder.BuildAndStart();
    calls_->Await(server_->c_server(), 1);
    queue_->Start();
    peer_ = std::make_unique<Http2Peer>("127.0.0.1:" + std::to_string(port));
  }

  ~UntakenCallTest() override {
    peer_.reset();
    server_->Shutdown();
    open_calls_.WaitForNone();
    queue_->Stop();
  }

  // One call, answered, beside one that only keeps the connection: its message does not come.
  void CallWithoutTaking(const Headers& more) {
    ASSERT_TRUE(peer_->Send(NoRoomForAnswers() + Call(1, "", more) + CallHeaders(3)));
    ASSERT_TRUE(peer_->IsAnswerHeldBack(1));
  }

  // Ends the calls that are awaited, and waits for the connection.
  std::future<void> Shutdown() {
    return std::async(std::launch::async,
                      [this] { server_->Shutdown(std::chrono::system_clock::now() + kForEver); });
  }

  std::future<void> Over() {
    return std::async(std::launch::async, [this] { open_calls_.WaitForNone(); });
  }

  CoreMethods service_{kBalanceServiceName};
  const CoreMethods::Method& method_ = service_.AddUnary("GetAccountSnapshot");
  OpenCalls open_calls_;
  UnsentAnswers unsent_{UnsentAnswers::Limits()};
  std::unique_ptr<UnaryCalls> calls_;
  std::unique_ptr<CallQueue> queue_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<Http2Peer> peer_;
};

TEST_F(UntakenCallTest, IsOverWhenItsStreamIsReset) {
  ASSERT_NO_FATAL_FAILURE(CallWithoutTaking({}));
  const auto shutdown = Shutdown();
  const auto over = Over();
  EXPECT_FALSE(IsReady(over, *peer_, kMoment));

  peer_->Send(Cancel(1));

  EXPECT_TRUE(IsReady(over, *peer_, kPatience));
  EXPECT_FALSE(IsReady(shutdown, *peer_, kMoment));
  peer_->Leave(true);
  EXPECT_TRUE(IsReady(shutdown, *peer_, kPatience));
}

TEST_F(UntakenCallTest, IsOverWhenItsDeadlineHasPassed) {
  const auto begin = steady_clock::now();
  ASSERT_NO_FATAL_FAILURE(CallWithoutTaking({{"grpc-timeout", "2S"}}));
  const auto shutdown = Shutdown();
  const auto over = Over();

  EXPECT_TRUE(IsReady(over, *peer_, kPatience));
  EXPECT_GE(steady_clock::now() - begin, seconds(2) - kRounding);
  EXPECT_FALSE(IsReady(shutdown, *peer_, kMoment));
  peer_->Leave(true);
  EXPECT_TRUE(IsReady(shutdown, *peer_, kPatience));
}

}  // namespace
}  // namespace balance
