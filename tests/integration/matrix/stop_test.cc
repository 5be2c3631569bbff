// M49, M50: how the process ends.

#include <signal.h>

#include <chrono>
#include <future>
#include <optional>
#include <string>

#include "service/server/graceful_stop.h"
#include "tests/integration/matrix/matrix_fixture.h"
#include "tests/support/http2_peer.h"

namespace balance {
namespace {

using std::chrono::seconds;
using std::chrono::steady_clock;
using testing::HasSubstr;
using testing::Not;

constexpr auto kStopAtMost =
    StopTimes::kCalls + StopTimes::kAnswers + StopTimes::kFarewell + seconds(2);

class StopTest : public MatrixTest {
 protected:
  // A venue that never answers, and a service that would wait a minute for it.
  void StartForEndlessWork(const std::string& drain_delay) {
    MatrixSetup setup;
    setup.drain_delay = drain_delay;
    setup.attempt_timeout = "60s";
    setup.refresh_budget = "60s";
    Start(setup);
    polymarket().Set({.timeout = std::chrono::milliseconds(0)});
  }

  // A call that waits for the venue.
  void CallInTheBackground() {
    call_ = std::async(std::launch::async, [this] { return GetAnew(snapshot_, seconds(60)); });
    ASSERT_TRUE(Becomes([this] { return polymarket().stats().open_connections == 1; }));
  }

  bool LogHas(const std::string& text) { return service().Log().find(text) != std::string::npos; }

  v1::AccountSnapshot snapshot_;
  std::future<grpc::Status> call_;
};

TEST_F(StopTest, M49_EndlessWorkIsAnsweredWithWhatIsKnownBeforeTheWatchdogLooks) {
  ASSERT_NO_FATAL_FAILURE(StartForEndlessWork("0s"));
  ASSERT_NO_FATAL_FAILURE(CallInTheBackground());

  const auto begin = steady_clock::now();
  service().Signal(SIGTERM);
  EXPECT_EQ(service().End(), "exit 0");

  EXPECT_LT(steady_clock::now() - begin, kStopAtMost);
  EXPECT_THAT(service().Log(), Not(HasSubstr("hangs")));
  const auto status = call_.get();
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(CashOf(snapshot_.sources(kPolySimulator)), kPolysimCash);
  EXPECT_EQ(snapshot_.sources(kPolymarketUs).state(), v1::SourceBalance_State_NO_DATA);
  service_.reset();
}

TEST_F(StopTest, M49_IdleClientsAndHealthWatchesHoldNothingUp) {
  Start();
  v1::AccountSnapshot snapshot;
  ASSERT_TRUE(Get({}, snapshot).ok());
  grpc::ChannelArguments arguments;
  arguments.SetServiceConfigJSON(
      R"({"loadBalancingConfig":[{"round_robin":{}}],)"
      R"("healthCheckConfig":{"serviceName":"balance.v1.BalanceService"}})");
  const auto watching = grpc::CreateCustomChannel(service().grpc_address(),
                                                  grpc::InsecureChannelCredentials(), arguments);
  ASSERT_TRUE(
      watching->WaitForConnected(std::chrono::system_clock::now() + std::chrono::seconds(10)));

  const auto begin = steady_clock::now();
  EXPECT_EQ(service().Stop(), "exit 0");

  EXPECT_LT(steady_clock::now() - begin, StopTimes::kCalls);
  service_.reset();
}

TEST_F(StopTest, M49_AnAnswerThatNobodyTakesIsGivenUp) {
  Start();
  v1::AccountSnapshot snapshot;
  ASSERT_TRUE(Get({}, snapshot).ok());
  Http2Peer peer(service().grpc_address());
  ASSERT_TRUE(peer.Send(NoRoomForAnswers() + EncodedCall(1, "")));
  ASSERT_TRUE(peer.IsAnswerHeldBack(1));

  const auto begin = steady_clock::now();
  EXPECT_EQ(service().Stop(), "exit 0");

  const auto lasted = steady_clock::now() - begin;
  EXPECT_GE(lasted, StopTimes::kFarewell);
  EXPECT_LT(lasted, StopTimes::kCalls);
  service_.reset();
}

// Who opens a call before it can know of the end gets its answer, however short the rest is.
TEST_F(StopTest, M49_ACallThatCrossesTheFarewellIsAnswered) {
  Start();
  v1::AccountSnapshot snapshot;
  ASSERT_TRUE(Get({}, snapshot).ok());
  polymarket().Set({.latency = std::chrono::milliseconds(300)});
  Http2Peer peer(service().grpc_address());
  ASSERT_TRUE(peer.Send(EncodedCall(1, "")));
  v1::GetAccountSnapshotRequest anew;
  anew.mutable_policy()->mutable_max_age();
  std::optional<Frame> frame;
  do {
    frame = peer.Next();
    ASSERT_TRUE(frame);
  } while (frame->stream != 1 || (frame->flags & kEndStream) == 0);

  service().Signal(SIGTERM);
  do {
    frame = peer.Next();
    ASSERT_TRUE(frame);
  } while (frame->type != FrameType::kGoAway);
  ASSERT_TRUE(peer.Send(EncodedCall(3, anew.SerializeAsString())));

  bool is_answered = false;
  while ((frame = peer.Next())) {
    is_answered = is_answered || (frame->stream == 3 && frame->type == FrameType::kData);
  }
  EXPECT_TRUE(is_answered);
  EXPECT_EQ(service().End(), "exit 0");
  service_.reset();
}

TEST_F(StopTest, M49_AReloadThatHangsDelaysNothing) {
  MatrixSetup setup;
  setup.drain_delay = "60s";
  setup.environment = {"LD_PRELOAD=" HANGING_FILE,
                       // AddressSanitizer wants to be loaded first, which does not matter here.
                       "ASAN_OPTIONS=verify_asan_link_order=0"};
  Start(setup);
  files_.Write("config.yaml.hang", "");
  service().Signal(SIGHUP);
  ASSERT_TRUE(Becomes([this] { return LogHas("hanging_file: asked"); }));

  service().Signal(SIGTERM);
  EXPECT_TRUE(Becomes([this] { return LogHas("draining"); }));
  EXPECT_THAT(AdminPage("/readyz"), HasSubstr("503"));

  // Nor the second signal.
  service().Signal(SIGTERM);
  EXPECT_EQ(service().End(), "exit 0");
  service_.reset();
}

class SecondSignalTest : public StopTest, public testing::WithParamInterface<int> {};

TEST_P(SecondSignalTest, M50_EndsTheDrainAtOnceAndWell) {
  ASSERT_NO_FATAL_FAILURE(StartForEndlessWork("60s"));
  ASSERT_NO_FATAL_FAILURE(CallInTheBackground());
  service().Signal(SIGTERM);
  ASSERT_TRUE(Becomes([this] { return LogHas("draining"); }));

  service().Signal(GetParam());

  EXPECT_EQ(service().End(seconds(3)), "exit 0");
  EXPECT_THAT(service().Log(), HasSubstr("a second time"));
  EXPECT_FALSE(call_.get().ok());
  service_.reset();
}

INSTANTIATE_TEST_SUITE_P(Signal, SecondSignalTest, testing::Values(SIGTERM, SIGINT));

}  // namespace
}  // namespace balance
