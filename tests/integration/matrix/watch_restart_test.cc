// M167: streams of a stock client live through restarts of its servers, one after the other.

#include <gmock/gmock.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/integration/matrix/matrix_fixture.h"
#include "tests/integration/matrix/replica.h"
#include "tests/integration/matrix/resuming_watcher.h"

namespace balance {
namespace {

using std::chrono::seconds;
using std::chrono::steady_clock;
using testing::IsEmpty;

constexpr std::size_t kWatchers = 1000;
constexpr std::size_t kWatchersOfOneClient = 100;
constexpr const char* kAccount = "accounts/desk-1";
// More than the steady rate of requests.
constexpr double kMostMore = 1.2;

// Restarts of each server. All twenty take five minutes, so ./dev test makes fewer; tests/README.md
// has the command for the rest.
int Rounds() {
  const char* const text = std::getenv("WATCH_RESTART_ROUNDS");
  return text ? std::atoi(text) : 1;
}

class WatchRestartTest : public MatrixTest, public testing::WithParamInterface<const char*> {
 protected:
  void SetUp() override {
    MatrixSetup setup;
    setup.engine = GetParam();
    setup.drain_delay = "1s";
    setup.cache = "{ttl: 1s, min_refresh_interval: 0.05s}";
    setup.attempt_timeout = "2s";
    setup.refresh_budget = "4s";
    ASSERT_NO_FATAL_FAILURE(StartUpstreams(setup));
    const auto yaml = [this, setup](const std::string& listen) mutable {
      setup.listen = listen;
      return YamlText(setup);
    };
    for (const char* host : {"127.0.48.1", "127.0.48.2"}) {
      replicas_.push_back(std::make_unique<Replica>(host, yaml));
    }
  }

  void StartWatchers() {
    v1::WatchAccountSnapshotsRequest request;
    request.add_names(kAccount);
    for (std::size_t i = 0; i < kWatchers; ++i) {
      if (i % kWatchersOfOneClient == 0) {
        clients_.push_back(v1::BalanceService::NewStub(
            ClientOf({replicas_[0]->address(), replicas_[1]->address()}, PublishedConfig())));
      }
      watchers_.push_back(
          std::make_unique<ResumingWatcher>(*clients_.back(), v1::WatchAccountSnapshotsRequest(),
                                            findings_, static_cast<unsigned>(i + 1)));
    }
  }

  bool DoAllWatch() const {
    return Becomes(
        [this] {
          return std::all_of(watchers_.begin(), watchers_.end(),
                             [](const auto& watcher) { return watcher->is_watching(); });
        },
        seconds(60));
  }

  bool DoAllShow(const std::string& cash) const {
    const std::string source = std::string(kAccount) + "/sources/" + kPolysimId;
    return Becomes([&] {
      return std::all_of(watchers_.begin(), watchers_.end(), [&](const auto& watcher) {
        return watcher->Cash(kAccount, source) == cash;
      });
    });
  }

  std::uint64_t Requests() {
    return upstreams().Counters(sandbox::Side::kPolymarket).total.requests +
           upstreams().Counters(sandbox::Side::kPolysimulator).total.requests;
  }

  // Requests a second, from `begin` until now.
  static double Rate(std::uint64_t requests, steady_clock::time_point begin) {
    const std::chrono::duration<double> time = steady_clock::now() - begin;
    return static_cast<double>(requests) / time.count();
  }

  std::vector<std::unique_ptr<Replica>> replicas_;
  std::vector<std::unique_ptr<v1::BalanceService::Stub>> clients_;
  WatchFindings findings_;
  std::vector<std::unique_ptr<ResumingWatcher>> watchers_;
};

TEST_P(WatchRestartTest, M167_NobodySeesAnOlderTimeAndTheUpstreamIsNotAskedMore) {
  StartWatchers();
  ASSERT_TRUE(DoAllWatch());
  for (const auto& replica : replicas_) EXPECT_GT(replica->Metric("balance_watch_streams"), 0);
  auto begin = steady_clock::now();
  std::uint64_t before = Requests();
  std::this_thread::sleep_for(seconds(5));
  const double steady_rate = Rate(Requests() - before, begin);

  begin = steady_clock::now();
  before = Requests();
  int cash = 1000;
  for (int round = 0; round < Rounds(); ++round) {
    for (const auto& replica : replicas_) {
      ASSERT_EQ(replica->Stop(), "exit 0");
      replica->Start();
      ASSERT_TRUE(DoAllWatch());
      SetPolysimCash(std::to_string(++cash) + ".25");
      EXPECT_TRUE(DoAllShow(std::to_string(cash) + ".25"));
    }
  }
  const double rate = Rate(Requests() - before, begin);

  EXPECT_GT(steady_rate, 0);
  EXPECT_LE(rate, kMostMore * steady_rate);
  EXPECT_THAT(findings_.wrong(), IsEmpty());
  RecordProperty("requests_to_the_steady_rate", std::to_string(rate / steady_rate));
  for (const auto& [code, count] : findings_.ends()) {
    RecordProperty("ends_with_" + std::to_string(code), count);
    EXPECT_EQ(code, grpc::StatusCode::UNAVAILABLE) << count;
  }
  watchers_.clear();
}

INSTANTIATE_TEST_SUITE_P(Engines, WatchRestartTest, testing::Values("NGHTTP2", "GRPC"));

}  // namespace
}  // namespace balance
