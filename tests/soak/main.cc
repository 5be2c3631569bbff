// Random trouble at both upstreams, many readers, and a judge: no figure that the upstream did not
// hold, no state that does not fit the age, no total that is not the sum, no call past its
// deadline, no request over the rate, no memory that grows.

#include <grpcpp/grpcpp.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <random>
#include <thread>
#include <vector>

#include "proto/balance_v1.h"
// Needs balance_v1.h before it.
#include "balance/v1/balance_service.grpc.pb.h"
#include "tests/soak/answer_log.h"
#include "tests/soak/chaos.h"
#include "tests/soak/judge.h"
#include "tests/soak/service_process.h"

namespace balance {
namespace {

using sandbox::Side;
using std::chrono::milliseconds;
using std::chrono::seconds;
using SteadyClock = std::chrono::steady_clock;

// Enough of them that those who wait do not slow the others down.
constexpr int kReaders = 200;
constexpr auto kLateness = milliseconds(50);
constexpr auto kChaosStep = milliseconds(200);
constexpr auto kCheckEvery = seconds(10);
// Beyond what the first minute needs.
constexpr long kGrowthKib = 8 * 1024;

struct Tally {
  std::atomic<long> calls = 0;
  std::atomic<long> complete = 0;
  std::atomic<long> partial = 0;
  std::atomic<long> failed = 0;
  std::atomic<long> late = 0;
  std::atomic<long> latest_us = 0;
};

v1::GetAccountSnapshotRequest RandomRequest(std::mt19937_64& random) {
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

void Note(const v1::AccountSnapshot& snapshot, const v1::ReadPolicy& policy, AnswerLog& log) {
  static const JudgeTimes kTimes{seconds(ServiceProcess::kTtlSeconds),
                                 seconds(ServiceProcess::kMaxStaleSeconds)};
  log.AddWrong(Judge(snapshot, policy, kTimes));
  for (const v1::SourceBalance& source : snapshot.sources()) {
    if (!source.has_balance_set()) continue;
    const auto& balances = source.balance_set().balances();
    SeenFigure seen;
    seen.side = source.kind() == v1::POLYMARKET_US ? Side::kPolymarket : Side::kPolysimulator;
    seen.cash = balances.empty() ? kNothing : balances.at(0).cash().value();
    seen.observe_time = ToWall(source.freshness().observe_time());
    seen.receive_time = ToWall(source.freshness().receive_time());
    log.Add(std::move(seen));
  }
}

// Calls at its times until `end`.
void ReadOnAndOn(v1::BalanceService::Stub& stub, std::uint64_t seed, Duration interval,
                 SteadyClock::time_point end, AnswerLog& log, Tally& tally) {
  std::mt19937_64 random(seed);
  auto next =
      SteadyClock::now() + Duration(random() % static_cast<std::uint64_t>(interval.count()));
  for (; next < end; next = std::max(next + interval, SteadyClock::now())) {
    std::this_thread::sleep_until(next);
    const auto patience = milliseconds(50 + random() % 900);
    const auto request = RandomRequest(random);
    grpc::ClientContext context;
    const auto begin = SteadyClock::now();
    context.set_deadline(std::chrono::system_clock::now() + patience);
    v1::AccountSnapshot snapshot;
    const auto status = stub.GetAccountSnapshot(&context, request, &snapshot);
    const auto over = SteadyClock::now() - begin - patience;
    ++tally.calls;
    if (over > kLateness) ++tally.late;
    const long over_us = std::chrono::duration_cast<std::chrono::microseconds>(over).count();
    if (over_us > tally.latest_us) tally.latest_us = over_us;
    if (!status.ok()) {
      ++tally.failed;
      continue;
    }
    ++(snapshot.completeness().complete() ? tally.complete : tally.partial);
    Note(snapshot, request.policy(), log);
  }
}

struct Options {
  std::string service;
  int seconds = 600;
  int reads_per_second = 200;
  std::uint64_t seed = std::random_device()();
};

int Run(const Options& options) {
  sandbox::SandboxOptions sandbox_options;
  sandbox_options.move_every = milliseconds(100);
  sandbox_options.seed = options.seed;
  auto upstreams = sandbox::Sandbox::Start(sandbox_options);
  if (!upstreams) throw std::runtime_error(upstreams.error().message);
  std::string folder = (std::filesystem::temp_directory_path() / "balance-soak-XXXXXX").string();
  if (!mkdtemp(folder.data())) throw std::runtime_error("mkdtemp");
  const ServiceProcess service(options.service, **upstreams, folder);
  std::filesystem::remove_all(folder);
  std::printf("seed %llu, %d s, %d reads a second\n", static_cast<unsigned long long>(options.seed),
              options.seconds, options.reads_per_second);

  const auto stub = v1::BalanceService::NewStub(
      grpc::CreateChannel(service.address(), grpc::InsecureChannelCredentials()));
  AnswerLog log;
  Tally tally;
  const auto begin = SteadyClock::now();
  const auto end = begin + seconds(options.seconds);
  std::vector<std::jthread> readers;
  for (int i = 0; i < kReaders; ++i) {
    readers.emplace_back([&, i] {
      ReadOnAndOn(*stub, options.seed + static_cast<std::uint64_t>(i),
                  Duration(seconds(kReaders)) / options.reads_per_second, end, log, tally);
    });
  }

  Chaos chaos(**upstreams, options.seed);
  std::vector<std::string> wrong;
  long settled_kib = 0;
  long most_kib = 0;
  auto next_check = begin + kCheckEvery;
  for (auto next = begin; next < end; next += kChaosStep) {
    std::this_thread::sleep_until(next);
    chaos.Step();
    if (next < next_check) continue;
    next_check += kCheckEvery;
    const auto found = log.Check(**upstreams);
    wrong.insert(wrong.end(), found.begin(), found.end());
    const long kib = service.ResidentKib();
    const bool is_warm =
        next - begin >= std::min<SteadyClock::duration>(seconds(60), seconds(options.seconds) / 3);
    if (is_warm && settled_kib == 0) settled_kib = kib;
    most_kib = std::max(most_kib, kib);
    std::printf("%4lld s  %ld calls: %ld complete, %ld partial, %ld failed, %ld late; %ld KiB\n",
                static_cast<long long>(std::chrono::duration_cast<seconds>(next - begin).count()),
                tally.calls.load(), tally.complete.load(), tally.partial.load(),
                tally.failed.load(), tally.late.load(), kib);
    std::fflush(stdout);
  }
  readers.clear();
  chaos.Calm();
  const auto found = log.Check(**upstreams);
  wrong.insert(wrong.end(), found.begin(), found.end());

  const int ceiling = ServiceProcess::kRequestsPerSecond + ServiceProcess::kBurst - 1;
  const int polymarket = (*upstreams)->Counters(Side::kPolymarket).total.max_in_a_second;
  const int polysimulator = (*upstreams)->Counters(Side::kPolysimulator).total.max_in_a_second;
  std::printf("figures compared: %zu, wrong answers: %zu\n", log.checked(), wrong.size());
  for (std::size_t i = 0; i < std::min<std::size_t>(wrong.size(), 10); ++i) {
    std::printf("  %s\n", wrong[i].c_str());
  }
  std::printf("calls more than 50 ms past their deadline: %ld of %ld (latest %+.1f ms)\n",
              tally.late.load(), tally.calls.load(),
              static_cast<double>(tally.latest_us.load()) / 1000);
  std::printf("most requests in a sliding second: %d and %d, ceiling %d\n", polymarket,
              polysimulator, ceiling);
  std::printf("memory: %ld KiB when warm, %ld KiB at most\n", settled_kib, most_kib);
  const bool is_good = wrong.empty() && log.checked() > 0 && tally.late == 0 &&
                       polymarket <= ceiling && polysimulator <= ceiling &&
                       most_kib <= settled_kib + kGrowthKib && service.ResidentKib() > 0;
  std::printf("%s\n", is_good ? "PASSED" : "FAILED");
  return is_good ? 0 : 1;
}

}  // namespace
}  // namespace balance

int main(int argc, char** argv) {
  balance::Options options;
  CLI::App app("Reads balances through trouble and judges every answer.");
  app.add_option("--service", options.service, "path of balance-service")->required();
  app.add_option("--seconds", options.seconds, "how long")->check(CLI::Range(1, 1'000'000));
  app.add_option("--reads-per-second", options.reads_per_second)->check(CLI::Range(1, 100'000));
  app.add_option("--seed", options.seed, "of the trouble");
  CLI11_PARSE(app, argc, argv);
  return balance::Run(options);
}
