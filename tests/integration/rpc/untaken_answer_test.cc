// Answers from the cache whose callers give them no room: such a call is over when its caller is
// gone, its deadline has passed or the server has stopped.

#include <chrono>
#include <future>
#include <string>

#include "tests/integration/rpc/service_fixture.h"
#include "tests/support/http2_peer.h"

namespace balance {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

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

  // While the peer hears what the server has to say.
  static bool IsReady(const std::future<void>& stopped, Http2Peer& peer, milliseconds patience) {
    const auto end = steady_clock::now() + patience;
    while (stopped.wait_for(milliseconds(1)) != std::future_status::ready) {
      if (steady_clock::now() >= end) return false;
      while (peer.Next(milliseconds(1))) {
      }
    }
    return true;
  }
};

// Longer than a test waits.
constexpr auto kForEver = seconds(30);
constexpr auto kPatience = seconds(10);
constexpr auto kMoment = milliseconds(200);
// gRPC rounds times to a millisecond, and may have looked at its clock a little earlier.
constexpr auto kRounding = milliseconds(20);

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

}  // namespace
}  // namespace balance
