#include "tests/soak/fleet.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/redis/redis_server.h"
#include "tests/soak/ceiling_judge.h"
#include "tests/soak/chaos.h"
#include "tests/soak/desk.h"
#include "tests/soak/fleet_callers.h"
#include "tests/soak/fleet_replicas.h"
#include "tests/soak/redis_trouble.h"
#include "tests/soak/scratch_folder.h"
#include "tests/soak/soak_run.h"
#include "tests/soak/wrong_answers.h"

namespace balance {
namespace {

using sandbox::Side;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

// Settings of the configuration. The rate is that of each credential.
constexpr int kTtlSeconds = 1;
constexpr int kMaxStaleSeconds = 30;
constexpr int kRequestsPerSecond = 5;
constexpr int kBurst = 2;
// 32 bytes.
constexpr const char* kSealingKey = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

// The venues' breakers wait a minute at most, and Redis is tried again sooner.
constexpr seconds kSettled{100};
constexpr seconds kCalm{10};
// How many requests more or fewer than TTLs there may be in calm: the first and the last TTL are
// not whole, and what takes long is refreshed a little earlier.
constexpr int kRequestsOff = 3;

// By the clocks of four processes of a busy machine.
constexpr milliseconds kAgesDiffer{150};

std::string Yaml(const std::string& listen, const sandbox::Sandbox& upstreams,
                 const RedisServer& redis, const std::string& folder) {
  return "listen: " + listen +
         "\n"
         "admin_listen: 127.0.0.1:0\n"
         "accounts:\n" +
         DeskYaml("desk-1", upstreams, folder) + "cache: {ttl: " + std::to_string(kTtlSeconds) +
         "s, stale_while_revalidate: 2s, max_stale: " + std::to_string(kMaxStaleSeconds) +
         "s, min_refresh_interval: 0.2s}\n"
         "upstream: {attempt_timeout: 1s, refresh_budget: 2s, requests_per_second: " +
         std::to_string(kRequestsPerSecond) + ", burst: " + std::to_string(kBurst) +
         "}\n"
         "fleet:\n"
         "  redis: {address: '127.0.0.1:" +
         std::to_string(redis.address().port) +
         "', operation_timeout: 0.25s}\n"
         "  sealing_key: {file: " +
         folder +
         "/sealing-key}\n"
         "  max_replicas: " +
         std::to_string(FleetReplicas::kCount) +
         "\n"
         "server: {drain_delay: 1s}\n";
}

// Used on one thread.
class FleetRun {
 public:
  FleetRun(const SoakOptions& options, sandbox::Sandbox& upstreams, const std::string& folder)
      : options_(options),
        upstreams_(upstreams),
        replicas_(
            options.service, folder,
            [this, folder](const std::string& listen) {
              return Yaml(listen, upstreams_, redis_, folder);
            },
            options.seed + 1),
        venue_trouble_(upstreams, options.seed),
        redis_trouble_(redis_, FleetReplicas::kCount, options.seed + 2),
        callers_(replicas_,
                 {.ttl = seconds(kTtlSeconds),
                  .max_stale = seconds(kMaxStaleSeconds),
                  .tolerance = kAgesDiffer},
                 log_, options.reads_per_second, options.seed) {
    for (const Side side : sandbox::kSides) {
      ceilings_.try_emplace(side, kRequestsPerSecond, kBurst,
                            static_cast<int>(FleetReplicas::kCount));
    }
  }

  bool Run() {
    std::printf("fleet: seed %llu, %d s, %d calls a second\n",
                static_cast<unsigned long long>(options_.seed), options_.seconds,
                options_.reads_per_second);
    const auto begin = steady_clock::now();
    const auto end = begin + seconds(options_.seconds);
    auto next_check = begin + SoakRun::kCheckEvery;
    for (auto next = begin; next < end; next += SoakRun::kStep) {
      std::this_thread::sleep_until(next);
      venue_trouble_.Step();
      redis_trouble_.Step();
      replicas_.Step();
      if (next < next_check) continue;
      next_check += SoakRun::kCheckEvery;
      Check(next - begin);
    }
    Calm();
    callers_.Stop();
    replicas_.Stop();
    Check(steady_clock::now() - begin);
    const bool is_good = Judge();
    std::printf("fleet: %s\n", is_good ? "PASSED" : "FAILED");
    std::fflush(stdout);
    return is_good;
  }

 private:
  void Check(steady_clock::duration elapsed) {
    wrong_.Add(log_.Check(upstreams_));
    TakeInRequests();
    std::printf("%4lld s  ", static_cast<long long>(elapsed / seconds(1)));
    callers_.PrintCalls();
    std::printf(", %zu wrong\n", wrong_.size());
    std::fflush(stdout);
  }

  // The sandbox keeps a thousand requests.
  void TakeInRequests() {
    for (auto& [side, ceiling] : ceilings_) {
      for (const sandbox::RequestRecord& request : upstreams_.Counters(side).last_requests) {
        if (request.time <= seen_until_[side]) continue;
        seen_until_[side] = request.time;
        ceiling.Add(request.time);
      }
    }
  }

  void Calm() {
    callers_.BeCalm();
    redis_trouble_.Calm();
    replicas_.Calm();
    const auto give_up = steady_clock::now() + kSettled;
    do {
      // A port may be somebody else's just when its side is to come back.
      venue_trouble_.Calm();
      is_all_well_ = callers_.IsAllWell();
      if (!is_all_well_) std::this_thread::sleep_for(milliseconds(100));
    } while (!is_all_well_ && steady_clock::now() < give_up);
    TakeInRequests();
    for (const Side side : sandbox::kSides) upstreams_.ResetCounters(side);
    std::this_thread::sleep_for(kCalm);
    for (const Side side : sandbox::kSides) {
      requests_in_calm_[side] = static_cast<int>(upstreams_.Counters(side).total.requests);
    }
  }

  bool Judge() {
    bool is_good = wrong_.Judge(log_);
    is_good &= callers_.Judge();
    is_good &= redis_trouble_.Judge();
    is_good &= replicas_.Judge();
    for (const Side side : sandbox::kSides) is_good &= JudgeRequests(side);
    std::printf("in the end all replicas are well: %s\n", is_all_well_ ? "yes" : "NO");
    return is_good && is_all_well_;
  }

  bool JudgeRequests(Side side) {
    std::vector<CutOff> cut_offs = redis_trouble_.CutOffs();
    cut_offs.insert(cut_offs.end(), replicas_.cut_offs().begin(), replicas_.cut_offs().end());
    const auto too_many = ceilings_.at(side).Judge(cut_offs);
    const int in_calm = requests_in_calm_[side];
    const int ttls = static_cast<int>(kCalm / seconds(kTtlSeconds));
    std::printf(
        "%s: too many requests: %zu times; most in a second with nobody cut off: %d, ceiling %d; "
        "in %d TTLs of calm: %d\n",
        std::string(SideName(side)).c_str(), too_many.size(),
        ceilings_.at(side).MostInACalmSecond(cut_offs), kRequestsPerSecond + kBurst - 1, ttls,
        in_calm);
    for (const std::string& line : too_many) std::printf("  %s\n", line.c_str());
    return too_many.empty() && std::abs(in_calm - ttls) <= kRequestsOff;
  }

  const SoakOptions& options_;
  sandbox::Sandbox& upstreams_;
  RedisServer redis_;
  AnswerLog log_;
  WrongAnswers wrong_;
  std::map<Side, CeilingJudge> ceilings_;
  std::map<Side, WallTime> seen_until_;
  std::map<Side, int> requests_in_calm_;
  bool is_all_well_ = false;
  FleetReplicas replicas_;
  Chaos venue_trouble_;
  RedisTrouble redis_trouble_;
  // The last member: its threads use the others.
  FleetCallers callers_;
};

}  // namespace

bool RunFleet(const SoakOptions& options) {
  const auto upstreams = StartUpstreams(options, milliseconds(100));
  const ScratchFolder folder;
  WriteDeskSecrets(*upstreams, folder.path());
  WriteSecret(folder.path() + "/sealing-key", kSealingKey);
  FleetRun run(options, *upstreams, folder.path());
  return run.Run();
}

}  // namespace balance
