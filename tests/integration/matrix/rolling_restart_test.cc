// M47, M48: servers that are restarted one after another lose no call.

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "clients/core/mutex.h"
#include "tests/integration/matrix/matrix_fixture.h"
#include "tests/integration/matrix/replica.h"

namespace balance {
namespace {

using std::chrono::milliseconds;
using testing::IsEmpty;

constexpr int kRounds = 20;
// Fewest calls during one restart of one server, so that there is no doubt of the load. Mostly they
// are a hundred or more; a client that is waiting for its connection makes few.
constexpr int kCallsWhileRestarting = 5;

// Reads without pause from several threads over one channel; every tenth is not cached.
class Load {
 public:
  explicit Load(const std::shared_ptr<grpc::Channel>& channel)
      : stub_(v1::BalanceService::NewStub(channel)) {
    for (int i = 0; i < kThreads; ++i) threads_.emplace_back([this] { Run(); });
  }
  ~Load() { Stop(); }
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  int calls() const { return calls_; }

  // Every call that failed.
  std::vector<std::string> Stop() {
    stopped_ = true;
    for (std::thread& thread : threads_) {
      if (thread.joinable()) thread.join();
    }
    const MutexLock lock(mutex_);
    return failures_;
  }

 private:
  static constexpr int kThreads = 4;
  static constexpr auto kPause = milliseconds(1);

  void Run() {
    for (int i = 0; !stopped_; ++i) {
      v1::GetAccountSnapshotRequest request;
      if (i % 10 == 0) request.mutable_policy()->mutable_max_age();
      v1::AccountSnapshot snapshot;
      grpc::ClientContext context;
      context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
      const auto status = stub_->GetAccountSnapshot(&context, request, &snapshot);
      ++calls_;
      if (!status.ok()) {
        const MutexLock lock(mutex_);
        failures_.push_back(std::to_string(status.error_code()) + " " + status.error_message());
      }
      std::this_thread::sleep_for(kPause);
    }
  }

  const std::unique_ptr<v1::BalanceService::Stub> stub_;
  std::atomic<bool> stopped_ = false;
  std::atomic<int> calls_ = 0;
  Mutex mutex_;
  std::vector<std::string> failures_ BALANCE_GUARDED_BY(mutex_);
  std::vector<std::thread> threads_;
};

class RollingRestartTest : public MatrixTest {
 protected:
  explicit RollingRestartTest(std::string engine = "NGHTTP2") : engine_(std::move(engine)) {}

  void SetUp() override {
    MatrixSetup setup;
    setup.engine = engine_;
    setup.drain_delay = "0.25s";
    setup.attempt_timeout = "2s";
    setup.refresh_budget = "4s";
    ASSERT_NO_FATAL_FAILURE(StartUpstreams(setup));
    // Calls that are not cached are under way when a server stops.
    polymarket().Set({.latency = milliseconds(20)});
    const auto yaml = [this, setup](const std::string& listen) mutable {
      setup.listen = listen;
      return YamlText(setup);
    };
    for (const char* host : {"127.0.47.1", "127.0.47.2"}) {
      replicas_.push_back(std::make_unique<Replica>(host, yaml));
    }
  }

  std::shared_ptr<grpc::Channel> Client(const std::string& service_config) const {
    return ClientOf({replicas_[0]->address(), replicas_[1]->address()}, service_config);
  }

  // Whether the server is called, or with it all others.
  enum class InUse { kThis, kAll };

  // Restarts each server in its turn, under load, once the client has noticed what came before:
  // Kubernetes leaves it ten seconds for that.
  void Roll(const Load& load, InUse in_use) {
    for (const auto& replica : replicas_) {
      ASSERT_TRUE(Becomes([this, &replica, in_use] {
        return std::all_of(replicas_.begin(), replicas_.end(), [&](const auto& other) {
          return (in_use == InUse::kThis && other != replica) ||
                 other->Calls("GetAccountSnapshot") > 0;
        });
      }));
      const int before = load.calls();
      ASSERT_EQ(replica->Stop(), "exit 0");
      replica->Start();
      EXPECT_GE(load.calls() - before, kCallsWhileRestarting);
    }
  }

  const std::string engine_;
  std::vector<std::unique_ptr<Replica>> replicas_;
};

class OtherEngineRestartTest : public RollingRestartTest {
 protected:
  OtherEngineRestartTest() : RollingRestartTest("GRPC") {}
};

std::string Replaced(std::string text, const std::string& what, const std::string& by) {
  const auto at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  if (at != std::string::npos) text.replace(at, what.size(), by);
  return text;
}

TEST_F(RollingRestartTest, M47_TwentyRollingRestartsLoseNoCallOfAClientWithThePublishedConfig) {
  Load load(Client(PublishedConfig()));

  for (int round = 0; round < kRounds && !HasFatalFailure(); ++round) Roll(load, InUse::kAll);

  EXPECT_THAT(load.Stop(), IsEmpty()) << load.calls() << " calls";
}

TEST_F(OtherEngineRestartTest, M47_RollingRestartsLoseNoCallOfAClientWithThePublishedConfig) {
  Load load(Client(PublishedConfig()));

  for (int round = 0; round < 3 && !HasFatalFailure(); ++round) Roll(load, InUse::kAll);

  EXPECT_THAT(load.Stop(), IsEmpty()) << load.calls() << " calls";
}

TEST_F(RollingRestartTest, M47_HealthAloneTellsClientsInTime) {
  const std::string config = PublishedConfig();
  // Neither retries nor their throttle.
  Load load(Client(Replaced(config, config.substr(config.find("\"retryPolicy\"")),
                            "\"waitForReady\": false}]}")));

  for (int round = 0; round < 3 && !HasFatalFailure(); ++round) Roll(load, InUse::kAll);

  EXPECT_THAT(load.Stop(), IsEmpty()) << load.calls() << " calls";
}

TEST_F(RollingRestartTest, M48_RetriesAloneHideRestartsFromAClientOfOneServerAtATime) {
  // Such a client has no eye for health.
  Load load(Client(Replaced(PublishedConfig(), "round_robin", "pick_first")));

  for (int round = 0; round < 5 && !HasFatalFailure(); ++round) Roll(load, InUse::kThis);

  EXPECT_THAT(load.Stop(), IsEmpty()) << load.calls() << " calls";
}

TEST_F(RollingRestartTest, M48_AnUpstreamThatIsDownIsNoReasonToRetry) {
  polymarket().Down();
  const auto stub = v1::BalanceService::NewStub(Client(PublishedConfig()));
  v1::GetSourceBalanceRequest strict;
  strict.set_name(kPolymarketId);
  v1::SourceBalance source;
  grpc::ClientContext context;

  const auto status = stub->GetSourceBalance(&context, strict, &source);

  EXPECT_EQ(ReasonOf(status), "SOURCE_UNREACHABLE");
  EXPECT_EQ(replicas_[0]->Calls("GetSourceBalance") + replicas_[1]->Calls("GetSourceBalance"), 1);
}

}  // namespace
}  // namespace balance
