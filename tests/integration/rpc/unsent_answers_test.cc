// A bound on what waits for callers who do not take their answers.

#include "service/rpc/unsent_answers.h"

#include <gmock/gmock.h>

#include <chrono>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "tests/integration/rpc/service_fixture.h"
#include "tests/support/http2_peer.h"

namespace balance {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr UnsentAnswers::Limits kLimits{
    .longest_short = 10, .short_bytes = 20, .long_bytes = 1000, .connection_bytes = 400};

std::optional<UnsentAnswers::Room> TakeFor(UnsentAnswers& unsent, const std::string& connection,
                                           std::size_t bytes) {
  return unsent.Take(bytes, [&connection] { return connection; });
}

TEST(UnsentAnswersTest, M124_OneConnectionTakesNoMoreThanItsShareAndAllNoMoreThanTheirs) {
  UnsentAnswers unsent(kLimits);
  std::vector<UnsentAnswers::Room> rooms;
  for (const char* connection : {"a", "a", "b", "b"}) {
    auto room = TakeFor(unsent, connection, 200);
    ASSERT_TRUE(room) << connection;
    rooms.push_back(*std::move(room));
  }

  EXPECT_FALSE(TakeFor(unsent, "a", 200));
  EXPECT_TRUE(TakeFor(unsent, "c", 200));
  EXPECT_FALSE(TakeFor(unsent, "c", 201));
  rooms.clear();
  EXPECT_TRUE(TakeFor(unsent, "a", 400));
}

TEST(UnsentAnswersTest, M124_ShortAnswersHaveRoomOfTheirOwn) {
  UnsentAnswers unsent(kLimits);
  const auto everything = TakeFor(unsent, "a", 1000);
  ASSERT_TRUE(everything);
  EXPECT_FALSE(TakeFor(unsent, "b", 11));

  const auto first = TakeFor(unsent, "b", 10);
  const auto second = TakeFor(unsent, "b", 10);

  EXPECT_TRUE(first && second);
  EXPECT_FALSE(TakeFor(unsent, "b", 1));
}

TEST(UnsentAnswersTest, M124_AnAnswerLongerThanAnyBoundIsLetThroughAlone) {
  UnsentAnswers unsent(kLimits);

  const auto alone = TakeFor(unsent, "a", 5000);

  EXPECT_TRUE(alone);
  EXPECT_FALSE(TakeFor(unsent, "b", 100));
}

// Callers over sockets, one of whom does not take what it asked for. Every answer counts as a long
// one.
class StalledCallerTest : public ServiceFixture {
 protected:
  StalledCallerTest() : StalledCallerTest(std::size_t{1} << 20) {}
  // Allows one untaken answer for each connection, and more in all up to `long_bytes`.
  explicit StalledCallerTest(std::size_t long_bytes)
      : ServiceFixture({}, {.longest_short = 0,
                            .short_bytes = 0,
                            .long_bytes = long_bytes,
                            .connection_bytes = 1}) {
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

  // Calls, on one stream after another from `stream` on, until there is room for the answer. What
  // was taken is given back a moment after the caller has it.
  bool IsServedFrom(Http2Peer& peer, std::uint32_t stream) {
    const int served = rpc_observer_.Ended(grpc::StatusCode::OK);
    return Becomes([&] {
      const int handled = rpc_observer_.handled;
      EXPECT_TRUE(peer.Send(Call(stream, "")));
      stream += 2;
      EXPECT_TRUE(Becomes([&] { return rpc_observer_.handled > handled; }));
      return rpc_observer_.Ended(grpc::StatusCode::OK) > served;
    });
  }
};

TEST_F(StalledCallerTest, M124_IsToldOverloadedAndOthersAreServed) {
  Http2Peer stalled = Connect();
  ASSERT_TRUE(stalled.Send(NoRoomForAnswers() + Call(1, "")));
  ASSERT_TRUE(stalled.IsAnswerHeldBack(1));

  ASSERT_TRUE(stalled.Send(Call(3, "")));
  EXPECT_TRUE(
      Becomes([this] { return rpc_observer_.Ended(grpc::StatusCode::RESOURCE_EXHAUSTED) == 1; }));

  EXPECT_TRUE(Becomes([this] {
    v1::AccountSnapshot snapshot;
    return Get({}, snapshot).ok();
  }));
  const std::string room("\0\0\xFF\xFF", 4);
  ASSERT_TRUE(stalled.Send(Encode({FrameType::kWindowUpdate, 0, 1, room})));
  EXPECT_TRUE(IsServedFrom(stalled, 5));
}

// One untaken answer in all.
class CrowdedServerTest : public StalledCallerTest {
 protected:
  CrowdedServerTest() : StalledCallerTest(1) {}
};

TEST_F(CrowdedServerTest, M124_TheRoomOfACallerWhoLeavesIsGivenBack) {
  for (int i = 0; i < 5; ++i) {
    Http2Peer stalled = Connect();
    ASSERT_TRUE(stalled.Send(NoRoomForAnswers()));
    ASSERT_TRUE(IsServedFrom(stalled, 1));
    stalled.Leave(true);
  }
}

}  // namespace
}  // namespace balance
