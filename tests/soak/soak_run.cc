#include "tests/soak/soak_run.h"

#include <cstdio>
#include <stdexcept>
#include <thread>
#include <utility>

namespace balance {

using std::chrono::seconds;
using std::chrono::steady_clock;

SoakRun::SoakRun(const SoakOptions& options, sandbox::Sandbox& upstreams, const std::string& folder,
                 const std::string& yaml, const JudgeTimes& times)
    : options_(options),
      upstreams_(upstreams),
      times_(times),
      service_(options.service, folder, yaml),
      stub_(v1::BalanceService::NewStub(
          grpc::CreateChannel(service_.address(), grpc::InsecureChannelCredentials()))),
      memory_(seconds(options.seconds), options.tolerance.growth_kib) {}

bool SoakRun::Run(const std::string& name, SoakMode& mode) {
  std::printf("%s: seed %llu, %d s, %d reads a second\n", name.c_str(),
              static_cast<unsigned long long>(options_.seed), options_.seconds,
              options_.reads_per_second);
  const auto begin = steady_clock::now();
  const auto end = begin + seconds(options_.seconds);
  Readers readers(
      *stub_, options_.reads_per_second, options_.seed, end, options_.tolerance.lateness,
      [&mode](std::mt19937_64& random) { return mode.MakeRequest(random); },
      [&](const auto& snapshot, const auto& policy) { OnAnswer(snapshot, policy, mode); });
  auto next_check = begin + kCheckEvery;
  for (auto next = begin; next < end; next += kStep) {
    std::this_thread::sleep_until(next);
    mode.Step(next - begin);
    if (next < next_check) continue;
    next_check += kCheckEvery;
    Check(next - begin, readers, mode);
  }
  readers.Join();
  mode.Calm();
  Check(end - begin, readers, mode);

  bool is_good = wrong_.Judge(log_);
  is_good &= readers.JudgeLateness();
  is_good &= mode.Judge();
  is_good &= memory_.Judge();
  is_good &= JudgeEnd();
  std::printf("%s: %s\n", name.c_str(), is_good ? "PASSED" : "FAILED");
  std::fflush(stdout);
  return is_good;
}

void SoakRun::OnAnswer(const v1::AccountSnapshot& snapshot, const v1::ReadPolicy& policy,
                       SoakMode& mode) {
  log_.AddWrong(Judge(snapshot, policy, times_));
  mode.OnAnswer(snapshot, policy, log_);
}

void SoakRun::Check(steady_clock::duration elapsed, const Readers& readers, SoakMode& mode) {
  wrong_.Add(log_.Check(upstreams_));
  mode.Check();
  const long kib = service_.ResidentKib();
  memory_.Note(elapsed, kib);
  std::printf("%4lld s  ", static_cast<long long>(elapsed / seconds(1)));
  readers.PrintCalls();
  std::printf(", %zu wrong; %ld KiB\n", wrong_.size(), kib);
  std::fflush(stdout);
}

bool SoakRun::JudgeEnd() {
  const std::string end = service_.Stop();
  std::printf("the service ended with %s\n", end.c_str());
  return end == "exit 0";
}

std::unique_ptr<sandbox::Sandbox> StartUpstreams(const SoakOptions& options, Duration move_every) {
  sandbox::SandboxOptions sandbox_options;
  sandbox_options.move_every = move_every;
  sandbox_options.seed = options.seed;
  auto started = sandbox::Sandbox::Start(sandbox_options);
  if (!started) throw std::runtime_error(started.error().message);
  return std::move(*started);
}

CashByCurrency CashShown(const v1::SourceBalance& source) {
  CashByCurrency cash;
  for (const v1::CurrencyBalance& balance : source.balance_set().balances()) {
    cash[balance.currency_code()] = balance.cash().value();
  }
  return cash;
}

sandbox::Side SideOf(const v1::SourceBalance& source) {
  return source.kind() == v1::POLYMARKET_US ? sandbox::Side::kPolymarket
                                            : sandbox::Side::kPolysimulator;
}

}  // namespace balance
