#include "tests/soak/outages.h"

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <random>
#include <string>

#include "tests/soak/chaos.h"
#include "tests/soak/desk.h"
#include "tests/soak/scratch_folder.h"
#include "tests/soak/soak_run.h"

namespace balance {
namespace {

using sandbox::Side;
using std::chrono::milliseconds;
using std::chrono::seconds;

// Settings of the configuration. The rate is that of each credential.
constexpr int kTtlSeconds = 1;
constexpr int kMaxStaleSeconds = 30;
constexpr int kRequestsPerSecond = 5;
constexpr int kBurst = 2;
constexpr int kCeiling = kRequestsPerSecond + kBurst - 1;

std::string Yaml(const sandbox::Sandbox& upstreams, const std::string& folder) {
  return "listen: 127.0.0.1:0\n"
         "admin_listen: 127.0.0.1:0\n"
         "accounts:\n" +
         DeskYaml("desk-1", upstreams, folder) + "cache: {ttl: " + std::to_string(kTtlSeconds) +
         "s, stale_while_revalidate: 2s, max_stale: " + std::to_string(kMaxStaleSeconds) +
         "s, min_refresh_interval: 0.2s}\n"
         "upstream: {attempt_timeout: 1s, refresh_budget: 2s, requests_per_second: " +
         std::to_string(kRequestsPerSecond) + ", burst: " + std::to_string(kBurst) +
         "}\n"
         "server: {drain_delay: 0s}\n";
}

class Outages final : public SoakMode {
 public:
  Outages(sandbox::Sandbox& upstreams, std::uint64_t seed)
      : upstreams_(upstreams), chaos_(upstreams, seed) {}

  v1::GetAccountSnapshotRequest MakeRequest(std::mt19937_64& random) override {
    v1::GetAccountSnapshotRequest request;
    switch (random() % 5) {
      case 0:
        request.mutable_policy()->mutable_max_age();
        break;
      case 1:
        request.mutable_policy()->set_only_if_cached(true);
        break;
      case 2:
        request.mutable_policy()->mutable_max_stale();
        break;
      default:
        break;
    }
    return request;
  }

  void OnAnswer(const v1::AccountSnapshot& snapshot, const v1::ReadPolicy&,
                AnswerLog& log) override {
    for (const v1::SourceBalance& source : snapshot.sources()) {
      if (!source.has_balance_set()) continue;
      log.Add({SideOf(source), "main", CashShown(source), ToWall(source.freshness().observe_time()),
               ToWall(source.freshness().receive_time())});
    }
  }

  void Step(std::chrono::steady_clock::duration) override { chaos_.Step(); }
  void Calm() override { chaos_.Calm(); }

  bool Judge() override {
    const int polymarket = upstreams_.Counters(Side::kPolymarket).total.max_in_a_second;
    const int polysimulator = upstreams_.Counters(Side::kPolysimulator).total.max_in_a_second;
    std::printf("most requests in a sliding second: %d and %d, ceiling %d\n", polymarket,
                polysimulator, kCeiling);
    return polymarket <= kCeiling && polysimulator <= kCeiling;
  }

 private:
  sandbox::Sandbox& upstreams_;
  Chaos chaos_;
};

}  // namespace

bool RunOutages(const SoakOptions& options) {
  const auto upstreams = StartUpstreams(options, milliseconds(100));
  const ScratchFolder folder;
  WriteDeskSecrets(*upstreams, folder.path());
  SoakRun run(options, *upstreams, folder.path(), Yaml(*upstreams, folder.path()),
              {.ttl = seconds(kTtlSeconds), .max_stale = seconds(kMaxStaleSeconds)});
  Outages mode(*upstreams, options.seed);
  return run.Run("outages", mode);
}

}  // namespace balance
