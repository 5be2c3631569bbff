// What the refresh engine can do: the service's shards with everything on them, signing, pacing,
// libcurl, parsing, merging, encoding and publishing, against an upstream that answers at once.
// Prints one JSON object. README.md tells how to read it.

#include <malloc.h>
#include <pthread.h>
#include <sched.h>
#include <sodium.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <future>
#include <iostream>
#include <thread>

#include "clients/http/beast_web_socket.h"
#include "clients/http/curl_global.h"
#include "clients/http/curl_transport.h"
#include "clients/polymarket_us/venue.h"
#include "clients/polysimulator/venue.h"
#include "service/observe/metrics.h"
#include "service/observe/refresh_logger.h"
#include "service/server/shard_runtime.h"
#include "service/server/venues.h"

namespace balance::bench {
namespace {

using std::chrono::duration;
using std::chrono::steady_clock;

struct Options {
  std::size_t accounts = 10000;
  std::size_t shards = 1;
  // Accounts that are read at the same time, of each shard.
  std::size_t at_once = 32;
  double seconds = 5;
  // 0: as many refreshes as it can; else each account is read all the time and refreshed at its
  // TTL.
  double ttl_seconds = 0;
  // Each account is read when it was never read, and once more, and that is all.
  bool once = false;
  std::vector<int> cores;
  std::string polymarket_url;
  std::string polysimulator_url;
};

// Of this thread and those that it starts.
void RunOn(const std::vector<int>& cores) {
  if (cores.empty()) return;
  cpu_set_t set;
  CPU_ZERO(&set);
  for (const int core : cores) CPU_SET(static_cast<std::size_t>(core), &set);
  if (sched_setaffinity(0, sizeof set, &set) != 0) std::perror("refresh_bench: sched_setaffinity");
}

void RaiseFileLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

double ResidentMiB() {
  malloc_trim(0);
  std::ifstream status("/proc/self/statm");
  double all = 0;
  double resident = 0;
  status >> all >> resident;
  return resident * 4096 / (1024 * 1024);
}

std::shared_ptr<const Secret> SecretOf(std::string text, std::size_t number) {
  text += std::to_string(number);
  text.resize(32, 'x');
  return std::make_shared<const Secret>(text);
}

// Each account with credentials of its own, and a budget that never makes anybody wait.
AccountConfig MakeAccount(const Options& options, std::size_t number) {
  AccountConfig account;
  account.id = "desk-" + std::to_string(number);
  SourceConfig source;
  source.info.account = account.id;
  const auto ttl = options.ttl_seconds > 0 ? options.ttl_seconds : 3600;
  source.info.cache.ttl = Duration(static_cast<Duration::rep>(ttl * 1e9));
  source.info.cache.stale_while_revalidate = ConfigDefaults::kStaleWhileRevalidate;
  source.info.cache.max_stale = ConfigDefaults::kMaxStale;
  source.info.cache.min_refresh_interval = Duration::zero();
  source.upstream.rate = source.info.rate = {1000, 1000};

  SourceConfig polymarket = source;
  polymarket.info.source = "polymarket-us";
  polymarket.info.pool = "accounts/" + account.id + "/sources/polymarket-us";
  polymarket.info.measures.assign(polymarket_us::kMeasures.begin(), polymarket_us::kMeasures.end());
  polymarket.info.kind = polymarket_us::kKind;
  polymarket.venue = &polymarket_us::TheVenue();
  polymarket.login = {ParseBaseUrl(options.polymarket_url).value(),
                      "c5a1f0de-7b58-4a9e-9d4e-" + std::to_string(number),
                      SecretOf("seed", number)};
  SourceConfig polysimulator = source;
  polysimulator.info.source = "polysimulator";
  polysimulator.info.kind = polysimulator::kKind;
  polysimulator.info.fund_class = FundClass::kSimulatedMoney;
  polysimulator.info.pool = "accounts/" + account.id + "/sources/polysimulator";
  polysimulator.info.measures.assign(polysimulator::kMeasures.begin(),
                                     polysimulator::kMeasures.end());
  polysimulator.venue = &polysimulator::TheVenue();
  polysimulator.login = {
      ParseBaseUrl(options.polysimulator_url).value(), {}, SecretOf("ps_live_", number)};
  account.sources = {std::move(polymarket), std::move(polysimulator)};
  return account;
}

// A shard with its accounts, and what has been counted on it.
struct Engine {
  explicit Engine(Clock& clock, RefreshObserver& observer)
      : runtime(
            [](boost::asio::io_context& loop) {
              return std::make_unique<CurlTransport>(
                  loop, CurlTransport::Options{.user_agent = "refresh_bench/1"});
            },
            clock, observer,
            ShardRuntime::Push{[&clock](boost::asio::io_context& loop) {
                                 return std::make_unique<BeastConnector>(loop, clock,
                                                                         BeastConnector::Options{});
                               },
                               push}) {}

  double CpuSeconds() const {
    timespec time{};
    if (clock_gettime(cpu_clock, &time) != 0) return 0;
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
  }

  // No source has push.
  PushMonitor push;
  ShardRuntime runtime;
  AccountDirectory directory;
  std::vector<const AccountEndpoint*> accounts;
  // Of the shard's thread, once it has answered.
  std::atomic<clockid_t> cpu_clock = CLOCK_THREAD_CPUTIME_ID;
  std::atomic<std::uint64_t> refreshes = 0;
  std::atomic<std::uint64_t> failures = 0;

  void Count(const AccountAnswer& answer) {
    for (std::size_t i = 0; i < answer.sources.size(); ++i) {
      const bool failed = answer.sources[i].failure != nullptr || !answer.sources[i].reading;
      if (failed) ++failures;
      if (!failed && answer.waited[i].how == Waited::kStarted) ++refreshes;
    }
  }
};

// Reads the accounts of one shard in turns, each time anew from the upstreams.
class Sweep {
 public:
  explicit Sweep(Engine& engine) : engine_(engine) {}

  // `at_once` of them are under way until Stop(), or until each has been read once.
  void Start(std::size_t at_once, bool once) {
    once_ = once;
    stop_ = false;
    next_ = 0;
    open_ = std::min(at_once, engine_.accounts.size());
    const std::size_t count = open_;
    for (std::size_t i = 0; i < count; ++i) ReadNext();
  }
  void Stop() {
    stop_ = true;
    Wait();
  }
  void Wait() {
    while (open_ > 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }

 private:
  void ReadNext() {
    const std::size_t number = next_++;
    if (stop_ || (once_ && number >= engine_.accounts.size())) {
      --open_;
      return;
    }
    AccountRead read;
    read.bounds.max_age = Duration::zero();
    read.wanted = {true, true};
    engine_.accounts[number % engine_.accounts.size()]->handle->Read(
        std::move(read),
        [this](const AccountAnswer& answer) {
          engine_.Count(answer);
          ReadNext();
        },
        [] {});
  }

  Engine& engine_;
  std::atomic<bool> stop_ = false;
  bool once_ = false;
  std::atomic<std::size_t> next_ = 0;
  std::atomic<std::size_t> open_ = 0;
};

struct Sample {
  double wall = 0;
  double cpu = 0;
  double refreshes = 0;
};

Sample Take(const std::vector<std::unique_ptr<Engine>>& engines) {
  Sample sample;
  sample.wall = duration<double>(steady_clock::now().time_since_epoch()).count();
  for (const auto& engine : engines) {
    sample.cpu += engine->CpuSeconds();
    sample.refreshes += static_cast<double>(engine->refreshes);
  }
  return sample;
}

// What readers of the published snapshots have seen.
struct Visits {
  double all = 0;
  double fresh = 0;
};

// One who reads every account ten times a TTL, as long as `until`, as BalanceRpc does: the
// published snapshot while it is FRESH, else by the shard.
Visits KeepReading(const std::vector<std::unique_ptr<Engine>>& engines, double ttl_seconds,
                   steady_clock::time_point until) {
  Visits visits;
  constexpr std::size_t kSlice = 100;
  std::size_t all = 0;
  for (const auto& engine : engines) all += engine->accounts.size();
  const duration<double> pause(ttl_seconds / 10 * kSlice / static_cast<double>(all));
  auto next = steady_clock::now();
  std::size_t in_slice = 0;
  while (next < until) {
    for (const auto& engine : engines) {
      for (const AccountEndpoint* account : engine->accounts) {
        const auto view = account->publisher->Get();
        const SteadyTime now = BootClock::now();
        ++visits.all;
        if (now <= view->fresh_until) {
          ++visits.fresh;
          if (now >= view->early_refresh_at && !view->early_refresh_asked.test_and_set()) {
            account->handle->RefreshEarly();
          }
        } else {
          AccountRead read;
          read.wanted = {true, true};
          account->handle->Read(
              std::move(read), [](const AccountAnswer&) {}, [] {});
        }
        if (++in_slice < kSlice) continue;
        in_slice = 0;
        next += std::chrono::duration_cast<steady_clock::duration>(pause);
        std::this_thread::sleep_until(next);
        if (next >= until) return visits;
      }
    }
  }
  return visits;
}

// Prints what it cost to read each account once: the first time, with `at_once` of them under way,
// and anew by readers who all want it.
void PrintOnce(const Options& options, const Sample& cold, const Sample& filled,
               const Sample& again, std::uint64_t failures) {
  const auto per_account = [&options](const Sample& begin, const Sample& end) {
    return 1e6 * (end.cpu - begin.cpu) / static_cast<double>(options.accounts);
  };
  std::printf(
      "{\"accounts\": %zu, \"at_once\": %zu, \"failures\": %llu, \"first_cpu_us\": %.1f, "
      "\"first_seconds\": %.3f, \"again_cpu_us\": %.1f, \"again_seconds\": %.3f}\n",
      options.accounts, options.at_once, static_cast<unsigned long long>(failures),
      per_account(cold, filled), filled.wall - cold.wall, per_account(filled, again),
      again.wall - filled.wall);
}

double CountOf(Metrics& metrics) {
  // The text that operators see: what ended OK, whoever asked.
  double count = 0;
  std::istringstream text(metrics.Render({}, {}));
  for (std::string line; std::getline(text, line);) {
    if (line.starts_with("balance_refreshes_total") && line.find("\"OK\"") != std::string::npos) {
      count += std::stod(line.substr(line.rfind(' ')));
    }
  }
  return count;
}

steady_clock::duration Seconds(double seconds) {
  return std::chrono::duration_cast<steady_clock::duration>(duration<double>(seconds));
}

void Measure(const Options& options) {
  SystemClock clock;
  Metrics metrics(KindsOf(AllVenues()));
  RefreshLogger logger(metrics, clock);
  const double resident_empty = ResidentMiB();
  std::vector<std::unique_ptr<Engine>> engines;
  std::vector<AccountConfig> accounts;
  for (std::size_t i = 0; i < options.accounts; ++i) accounts.push_back(MakeAccount(options, i));
  const auto built = steady_clock::now();
  for (std::size_t i = 0; i < options.shards; ++i) {
    Engine& engine = *engines.emplace_back(std::make_unique<Engine>(clock, logger));
    std::vector<const AccountConfig*> own;
    for (std::size_t j = i; j < accounts.size(); j += options.shards) own.push_back(&accounts[j]);
    engine.runtime.Configure(own, "1789000000000000000");
    engine.runtime.AddTo(engine.directory);
    for (const auto& [id, endpoint] : engine.directory.accounts()) {
      engine.accounts.push_back(&endpoint);
    }
  }
  const double configure_seconds = duration<double>(steady_clock::now() - built).count();
  accounts.clear();
  for (const auto& engine : engines) engine->runtime.Start();

  std::vector<std::unique_ptr<Sweep>> sweeps;
  for (const auto& engine : engines) {
    sweeps.push_back(std::make_unique<Sweep>(*engine));
    // The clock of the shard's thread is known to itself only.
    std::promise<void> known;
    engine->accounts.front()->handle->Read(
        {{.only_if_cached = true}, {true, true}},
        [&](const AccountAnswer&) {
          clockid_t cpu_clock = 0;
          pthread_getcpuclockid(pthread_self(), &cpu_clock);
          engine->cpu_clock = cpu_clock;
          known.set_value();
        },
        [] {});
    known.get_future().wait();
  }
  const auto read_each_once = [&] {
    for (const auto& sweep : sweeps) sweep->Start(options.at_once, true);
    for (const auto& sweep : sweeps) sweep->Wait();
    return Take(engines);
  };
  const Sample cold = Take(engines);
  const Sample filled = read_each_once();
  if (options.once) {
    const Sample again = read_each_once();
    std::uint64_t failures = 0;
    for (const auto& engine : engines) {
      engine->runtime.Stop();
      failures += engine->failures;
    }
    return PrintOnce(options, cold, filled, again, failures);
  }
  const double resident_full = ResidentMiB();

  const double counted_before = CountOf(metrics);
  Visits visits;
  const Sample begin = Take(engines);
  if (options.ttl_seconds > 0) {
    visits =
        KeepReading(engines, options.ttl_seconds, steady_clock::now() + Seconds(options.seconds));
  } else {
    for (const auto& sweep : sweeps) sweep->Start(options.at_once, false);
    std::this_thread::sleep_for(Seconds(options.seconds));
  }
  const Sample end = Take(engines);
  const double counted = CountOf(metrics) - counted_before;
  for (const auto& sweep : sweeps) sweep->Stop();
  std::uint64_t failures = 0;
  for (const auto& engine : engines) {
    engine->runtime.Stop();
    failures += engine->failures;
  }
  const double wall = end.wall - begin.wall;
  const double cpu = end.cpu - begin.cpu;
  std::printf(
      "{\"accounts\": %zu, \"shards\": %zu, \"ttl_seconds\": %g, \"failures\": %llu, "
      "\"refreshes_per_second\": %.0f, \"refreshes_per_cpu_second\": %.0f, \"cores_used\": %.3f, "
      "\"visits_fresh\": %.5f, \"configure_seconds\": %.3f, \"resident_empty_mib\": %.1f, "
      "\"resident_full_mib\": %.1f}\n",
      options.accounts, options.shards, options.ttl_seconds,
      static_cast<unsigned long long>(failures), counted / wall, counted / cpu, cpu / wall,
      visits.all > 0 ? visits.fresh / visits.all : 0.0, configure_seconds, resident_empty,
      resident_full);
}

int Main(int argc, char** argv) {
  Options options;
  CLI::App app("Refreshes accounts as fast as it can, or at their TTL, and tells what that cost");
  app.add_option("--accounts", options.accounts)->capture_default_str();
  app.add_option("--shards", options.shards)->capture_default_str();
  app.add_option("--at-once", options.at_once, "Accounts read at the same time, of each shard")
      ->capture_default_str();
  app.add_option("--seconds", options.seconds)->capture_default_str();
  app.add_option("--ttl", options.ttl_seconds, "Seconds; 0: refresh all the time")
      ->capture_default_str();
  app.add_flag("--once", options.once, "Read each account once, and once more, and end");
  app.add_option("--cores", options.cores, "That the shards run on");
  app.add_option("--polymarket-url", options.polymarket_url)->required();
  app.add_option("--polysimulator-url", options.polysimulator_url)->required();
  CLI11_PARSE(app, argc, argv);
  if (sodium_init() < 0) return EXIT_FAILURE;
  spdlog::set_level(spdlog::level::warn);
  RaiseFileLimit();
  RunOn(options.cores);
  const CurlGlobal curl;
  Measure(options);
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace balance::bench

int main(int argc, char** argv) { return balance::bench::Main(argc, argv); }
