// One venue hangs, the other has answered, and many callers run out of time at one instant.

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <map>
#include <string>
#include <thread>

#include "tests/integration/rpc/service_fixture.h"
#include "tests/support/http2_peer.h"

namespace balance {
namespace {

using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr int kCallers = 1000;

// All calls on one connection, as from a proxy.
TransportLimits ForAllCalls() {
  TransportLimits limits;
  limits.concurrent_streams = kCallers;
  return limits;
}

class OneDeadlineTest : public ServiceFixture {
 protected:
  static constexpr auto kTimeLeft = seconds(3);

  OneDeadlineTest() : ServiceFixture({}, ForAllCalls()) {
    AddAccount("desk-1");
    AddAccount("busy");
    Serve();
    Real("desk-1").AnswerWith("1.00");
    Paper("desk-1").Hang();
  }

  // The service has worked before, and knows what an answer takes on this machine.
  void WorkForAWhile() {
    v1::GetAccountSnapshotRequest request;
    request.set_name("accounts/busy");
    request.mutable_policy()->mutable_max_age();
    v1::AccountSnapshot response;
    for (int i = 0; i < 100; ++i) ASSERT_TRUE(Get(request, response).ok());
  }

  // Calls with one deadline, by a client that costs little itself: what the machine has left is the
  // service's. Returns the messages that have arrived before the deadline, by stream.
  std::map<std::uint32_t, std::string> CallAllAtOnce() {
    v1::GetAccountSnapshotRequest request;
    request.set_name("accounts/desk-1");
    // Room for all answers.
    std::string calls = Encode({FrameType::kWindowUpdate, 0, 0, std::string("\0\x7F\xFF\xFF", 4)});
    for (std::uint32_t i = 0; i < kCallers; ++i) {
      calls += EncodedCall(2 * i + 1, request.SerializeAsString(), {{"grpc-timeout", "3S"}});
    }
    Http2Peer peer("127.0.0.1:" + std::to_string(port_));
    const auto deadline = steady_clock::now() + kTimeLeft;
    EXPECT_TRUE(peer.Send(calls));
    std::map<std::uint32_t, std::string> answers;
    for (int ended = 0; ended < kCallers;) {
      const auto frame = peer.Next(seconds(10));
      if (!frame) break;
      if (frame->type == FrameType::kData && steady_clock::now() < deadline) {
        answers[frame->stream] += frame->payload;
      }
      if (frame->stream != 0 && (frame->flags & kEndStream) != 0) ++ended;
    }
    return answers;
  }
};

TEST_F(OneDeadlineTest, M112_AThousandCallsBesideOtherLoadGetTheOtherVenuesFigure) {
  WorkForAWhile();
  std::atomic<bool> stop = false;
  std::thread load([&] {
    v1::GetAccountSnapshotRequest request;
    request.set_name("accounts/busy");
    v1::AccountSnapshot response;
    while (!stop) EXPECT_TRUE(Get(request, response).ok());
  });

  const auto answers = CallAllAtOnce();
  stop = true;
  load.join();

  for (const auto& [stream, message] : answers) {
    constexpr std::size_t kPrefix = 5;
    v1::AccountSnapshot snapshot;
    ASSERT_TRUE(snapshot.ParseFromString(message.substr(kPrefix))) << stream;
    EXPECT_EQ(snapshot.sources(0).state(), v1::SourceBalance::FRESH);
    EXPECT_EQ(snapshot.sources(1).state(), v1::SourceBalance_State_NO_DATA);
  }
  RecordProperty("answered", static_cast<int>(answers.size()));
  // Without a schedule 18 were in time.
  EXPECT_GE(answers.size(), kCallers * 9U / 10);
}

}  // namespace
}  // namespace balance
