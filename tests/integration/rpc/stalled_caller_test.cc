// Callers over sockets, one of whom does not take what it asked for.

#include <chrono>
#include <string>
#include <thread>

#include "tests/integration/rpc/service_fixture.h"
#include "tests/support/http2_peer.h"

namespace balance {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// One untaken answer for each connection.
TransportLimits OneUntakenAnswer() {
  TransportLimits limits;
  limits.untaken_answer_bytes = 1;
  return limits;
}

class StalledCallerTest : public ServiceFixture {
 protected:
  StalledCallerTest() : ServiceFixture({}, OneUntakenAnswer()) {
    AddAccount("desk-1");
    Serve();
    v1::AccountSnapshot snapshot;
    EXPECT_TRUE(Get({}, snapshot).ok());
  }

  Http2Peer Connect() const { return Http2Peer("127.0.0.1:" + std::to_string(port_)); }

  template <typename Condition>
  static bool Becomes(Condition condition) {
    const auto give_up = std::chrono::steady_clock::now() + seconds(20);
    while (!condition()) {
      if (std::chrono::steady_clock::now() > give_up) return false;
      std::this_thread::sleep_for(milliseconds(1));
    }
    return true;
  }
};

TEST_F(StalledCallerTest, M124_IsRefusedMoreAndOthersAreServed) {
  Http2Peer stalled = Connect();
  ASSERT_TRUE(stalled.Send(NoRoomForAnswers() + EncodedCall(1, "")));
  ASSERT_TRUE(stalled.IsAnswerHeldBack(1));

  ASSERT_TRUE(stalled.Send(EncodedCall(3, "")));
  EXPECT_TRUE(Becomes([this] { return server_.stats().calls_refused == 1; }));

  v1::AccountSnapshot snapshot;
  EXPECT_TRUE(Get({}, snapshot).ok());
  const std::string room("\0\0\xFF\xFF", 4);
  ASSERT_TRUE(stalled.Send(Encode({FrameType::kWindowUpdate, 0, 1, room})));
  EXPECT_TRUE(Becomes([this] { return server_.stats().buffered_bytes == 0; }));
  const int served = rpc_observer_.Ended(grpc::StatusCode::OK);
  ASSERT_TRUE(stalled.Send(EncodedCall(5, "")));
  EXPECT_TRUE(Becomes([&] { return rpc_observer_.Ended(grpc::StatusCode::OK) == served + 1; }));
}

TEST_F(StalledCallerTest, M124_TheRoomOfACallerWhoLeavesIsGivenBack) {
  for (int i = 0; i < 5; ++i) {
    Http2Peer stalled = Connect();
    ASSERT_TRUE(stalled.Send(NoRoomForAnswers() + EncodedCall(1, "")));
    ASSERT_TRUE(stalled.IsAnswerHeldBack(1));
    EXPECT_GT(server_.stats().buffered_bytes, 0U);

    stalled.Leave(true);

    EXPECT_TRUE(Becomes([this] { return server_.stats().buffered_bytes == 0; }));
  }
}

}  // namespace
}  // namespace balance
