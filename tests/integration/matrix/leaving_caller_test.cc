// M43: callers that leave at every step of a call.

#include <chrono>
#include <cstdint>
#include <sstream>
#include <string>

#include "tests/integration/matrix/matrix_fixture.h"
#include "tests/support/http2_peer.h"

namespace balance {
namespace {

using std::chrono::milliseconds;

class LeavingCallerTest : public MatrixTest {
 protected:
  void SetUp() override {
    Start();
    v1::AccountSnapshot snapshot;
    ASSERT_TRUE(Get({}, snapshot).ok());
  }

  void TearDown() override {
    // Each call was ended once, and no leak or double end comes to light when the service stops.
    EXPECT_TRUE(Becomes([this] { return Calls("started") == Calls("handled"); }));
    v1::AccountSnapshot snapshot;
    EXPECT_TRUE(Get({}, snapshot).ok());
    MatrixTest::TearDown();
  }

  int Calls(const std::string& what) const {
    const std::string series = "grpc_server_" + what + "_total{";
    std::istringstream lines(AdminPage("/metrics"));
    int count = 0;
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with(series)) count += std::stoi(line.substr(line.rfind(' ')));
    }
    return count;
  }

  static std::string ReadAnewCall(std::uint32_t stream) {
    v1::GetAccountSnapshotRequest anew;
    anew.mutable_policy()->mutable_max_age();
    return EncodedCall(stream, anew.SerializeAsString());
  }
};

TEST_F(LeavingCallerTest, M43_AfterEachByteOfTheRequest) {
  const std::string call = ReadAnewCall(1);
  for (std::size_t sent = 0; sent <= call.size(); ++sent) {
    Http2Peer peer(service().grpc_address());
    ASSERT_TRUE(peer.Send(call.substr(0, sent)));
    peer.Leave(sent % 2 == 0);
  }
}

TEST_F(LeavingCallerTest, M43_ByCancellingAfterEachByteOfTheMessage) {
  Http2Peer peer(service().grpc_address());
  const std::string message = ReadAnewCall(1).substr(CallHeaders(1).size() + kFrameHeaderBytes);
  std::uint32_t stream = 1;
  for (std::size_t sent = 0; sent <= message.size(); ++sent, stream += 2) {
    ASSERT_TRUE(peer.Send(CallHeaders(stream) +
                          Encode({FrameType::kData, 0, stream, message.substr(0, sent)}) +
                          Cancel(stream)));
  }
}

TEST_F(LeavingCallerTest, M43_WhileTheAnswerIsAwaited) {
  polymarket().Set({.latency = milliseconds(30)});
  for (int i = 0; i < 20; ++i) {
    Http2Peer peer(service().grpc_address());
    const int started = Calls("started");
    ASSERT_TRUE(peer.Send(ReadAnewCall(1)));
    ASSERT_TRUE(Becomes([this, started] { return Calls("started") > started; }));
    if (i % 3 == 0) peer.Send(Cancel(1));
    if (i % 3 == 1) peer.Leave(true);
  }
}

TEST_F(LeavingCallerTest, M43_WithoutTheAnswerBeingTaken) {
  for (int i = 0; i < 30; ++i) {
    Http2Peer peer(service().grpc_address());
    ASSERT_TRUE(peer.Send(NoRoomForAnswers() + EncodedCall(1, "")));
    ASSERT_TRUE(peer.IsAnswerHeldBack(1));
    if (i % 3 == 0) peer.Send(Cancel(1));
    if (i % 3 == 1) peer.Leave(true);
  }
}

}  // namespace
}  // namespace balance
