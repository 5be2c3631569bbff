// Answers from the cache whose callers give them no room: such a call is over when its answer is
// taken, or when its caller is gone.

#include <chrono>
#include <optional>
#include <string>
#include <thread>

#include "tests/integration/rpc/service_fixture.h"
#include "tests/support/http2_peer.h"

namespace balance {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr auto kPatience = seconds(10);

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
  void CallWithoutTaking(Http2Peer& peer) {
    ASSERT_TRUE(peer.Send(NoRoomForAnswers() + EncodedCall(1, "")));
    ASSERT_TRUE(peer.IsAnswerHeldBack(1));
    EXPECT_EQ(rpc_observer_.handled, 2);
    EXPECT_EQ(Real("desk-1").requests(), 1);
    EXPECT_EQ(server_.stats().calls_open, 1U);
  }

  // Whether no call is open any more, soon.
  bool IsOver() const {
    const auto end = steady_clock::now() + kPatience;
    while (server_.stats().calls_open > 0) {
      if (steady_clock::now() >= end) return false;
      std::this_thread::sleep_for(milliseconds(1));
    }
    return true;
  }
};

TEST_F(UntakenAnswerTest, EndsWhenItIsTakenAfterAll) {
  Http2Peer peer = Connect();
  ASSERT_NO_FATAL_FAILURE(CallWithoutTaking(peer));
  peer.Send(Encode({FrameType::kWindowUpdate, 0, 1, std::string("\0\0\xFF\xFF", 4)}));
  EXPECT_TRUE(IsOver());
}

TEST_F(UntakenAnswerTest, EndsWhenItsStreamIsReset) {
  Http2Peer peer = Connect();
  ASSERT_NO_FATAL_FAILURE(CallWithoutTaking(peer));
  peer.Send(Cancel(1));
  EXPECT_TRUE(IsOver());
}

TEST_F(UntakenAnswerTest, EndsWithItsConnection) {
  Http2Peer peer = Connect();
  ASSERT_NO_FATAL_FAILURE(CallWithoutTaking(peer));
  peer.Leave(false);
  EXPECT_TRUE(IsOver());
}

TEST_F(UntakenAnswerTest, EndsWithTheServer) {
  Http2Peer peer = Connect();
  ASSERT_NO_FATAL_FAILURE(CallWithoutTaking(peer));
  server_.Stop();
  EXPECT_TRUE(IsOver());
}

// A client that stops between the parts of a call, as load generators do, is no failure of a call.
class BrokenOffCallTest : public UntakenAnswerTest {
 protected:
  // Stream identifiers of a client are odd.
  static constexpr std::uint32_t kLastStream = 99;

  // Calls without their messages, which the server has seen.
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
    EXPECT_TRUE(IsOver());
    // The one that warmed the cache.
    EXPECT_EQ(rpc_observer_.started, 1);
    EXPECT_EQ(rpc_observer_.handled, 1);
  }
};

TEST_F(BrokenOffCallTest, IsNotHandledWhenItsStreamIsReset) {
  Http2Peer peer = Connect();
  ASSERT_NO_FATAL_FAILURE(BeginCalls(peer));
  for (std::uint32_t stream = 1; stream <= kLastStream; stream += 2) peer.Send(Cancel(stream));
  peer.Leave(false);
  ExpectNothingWasHandled();
}

TEST_F(BrokenOffCallTest, EndsWithItsDeadline) {
  Http2Peer peer = Connect();
  ASSERT_TRUE(peer.Send(CallHeaders(1, {{"grpc-timeout", "200m"}})));
  std::optional<Frame> frame;
  do {
    frame = peer.Next();
    ASSERT_TRUE(frame);
  } while (frame->stream != 1);

  EXPECT_EQ(frame->type, FrameType::kHeaders);
  EXPECT_NE(frame->flags & kEndStream, 0);
  ExpectNothingWasHandled();
}

TEST_F(BrokenOffCallTest, IsNotHandledWhenItsConnectionEnds) {
  Http2Peer peer = Connect();
  ASSERT_NO_FATAL_FAILURE(BeginCalls(peer));
  peer.Leave(false);
  ExpectNothingWasHandled();
}

}  // namespace
}  // namespace balance
