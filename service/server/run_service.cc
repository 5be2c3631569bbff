#include "service/server/run_service.h"

#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <sodium.h>
#include <spdlog/fmt/fmt.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sysexits.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "clients/core/secret.h"
#include "clients/http/curl_global.h"
#include "service/config/load_config.h"
#include "service/config/print_config.h"
#include "service/observe/log_event.h"
#include "service/observe/logging.h"
#include "service/server/balance_server.h"
#include "service/server/check_venues.h"
#include "service/server/flags.h"
#include "service/server/hangup_thread.h"
#include "service/server/key_thread.h"
#include "service/server/other_program.h"
#include "service/server/reloader.h"
#include "service/server/stop_guard.h"

namespace balance {
namespace {

constexpr int kCheckFailed = 1;
// Past the drain: about twice the sum of StopTimes.
constexpr auto kStopPatience = std::chrono::seconds(10);

std::optional<std::string> Environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (!value) return std::nullopt;
  return value;
}

ConfigResult Load(const Flags& flags, const Venues& venues, FileStates* files = nullptr) {
  return flags.config.empty() ? ConfigFromEnvironment(Environment, venues)
                              : LoadConfig(flags.config, Environment, venues, files);
}

int CheckConfig(const Flags& flags, const Venues& venues) {
  const ConfigResult config = Load(flags, venues);
  if (config) {
    for (const ConfigIssue& issue : config->warnings) {
      std::cerr << "warning: " << issue.ToString() << "\n";
    }
    std::cout << "the configuration is good\n";
    return EX_OK;
  }
  for (const ConfigIssue& issue : config.error()) std::cerr << issue.ToString() << "\n";
  return kCheckFailed;
}

// Keys and balances must not end up in a core file or in another process of the same user.
void ForbidCoreDumps() {
  const rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);
  prctl(PR_SET_DUMPABLE, 0);
}

// Many accounts and callers need more connections than the usual limit, which is meant for programs
// that still use select().
void AllowManyFiles() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

// Blocks the signals that a server waits for, before any thread starts, so that no other thread
// gets them. Returns those that ask to stop.
sigset_t BlockSignals() {
  sigset_t stop;
  sigemptyset(&stop);
  for (const int number : {SIGTERM, SIGINT}) sigaddset(&stop, number);
  sigset_t all = stop;
  sigaddset(&all, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
  signal(SIGPIPE, SIG_IGN);
  return stop;
}

// Reading the configuration of many accounts took as much as they take from now on.
void ReturnMemory() { malloc_trim(0); }

void WritePortsFile(const std::string& path, const BalanceServer& server) {
  const std::string temporary = path + ".new";
  std::ofstream file(temporary);
  file << "grpc=" << server.grpc_address() << "\nadmin=" << server.admin_address() << "\n";
  file.close();
  std::error_code error;
  std::filesystem::rename(temporary, path, error);
  if (!file || error) {
    Log(LogEvent::kPortsFileFailed, fmt::format("cannot write {}; go on without it", path),
        {{"file", path}});
  }
}

// Nothing of the environment changes while a process runs.
std::unique_ptr<Reloader> MakeReloader(const Flags& flags, const Venues& venues, FileStates files,
                                       BalanceServer& server) {
  if (flags.config.empty()) return nullptr;
  return std::make_unique<Reloader>(
      server,
      [&flags, &venues](const InForce& in_force, FileStates& now) {
        return ReloadConfig(flags.config, Environment, venues, in_force, &now);
      },
      // To the HangupThread, as if an operator had asked.
      std::move(files), [] { kill(getpid(), SIGHUP); });
}

// Serves on for a while, so that callers notice and leave.
void Drain(BalanceServer& server, Duration delay) {
  server.WithdrawHealth();
  if (delay <= Duration::zero()) return;
  const double seconds = std::chrono::duration<double>(delay).count();
  Log(LogEvent::kDraining, fmt::format("draining for {} s; another signal stops at once", seconds),
      {{"seconds", seconds}});
  // The StopGuard hears the signals meanwhile.
  std::this_thread::sleep_for(delay);
}

void OnHangup(Reloader* reloader) {
  if (reloader) {
    reloader->Reload();
    ReturnMemory();
  } else {
    Log(LogEvent::kReloadImpossible,
        "SIGHUP: without --config there is nothing to read anew; restart instead");
  }
}

// REQUIRES: SIGHUP and the signals of `stop` are blocked.
int Serve(const Flags& flags, const Venues& venues, Config config, FileStates files,
          const sigset_t& stop, const GrpcEngine& grpc) {
  AllowManyFiles();
  const Logging logging(config.log.format == LogFormat::kJson ? LogLineFormat::kJson
                                                              : LogLineFormat::kText);
  const CurlGlobal curl;
  LogWarnings(config);
  const Duration drain_delay = config.server.drain_delay;
  // Outlives the server, so that it sees all of the stop.
  std::optional<StopGuard> guard;
  // For the end, when all secrets go.
  std::optional<SecretBatch> batch;
  const KeyThread keys(KeyThread::KeysOf(config));
  BalanceServer server(std::move(config), KindsOf(venues), grpc);
  if (const auto started = server.Start(); !started) {
    Log(LogEvent::kStartFailed, started.error().message);
    return EX_UNAVAILABLE;
  }
  Log(LogEvent::kServing,
      fmt::format("serving: gRPC on {}, admin HTTP on {}", server.grpc_address(),
                  server.admin_address()),
      {{"grpc", server.grpc_address()},
       {"admin", server.admin_address()},
       {"version", std::string_view(BALANCE_VERSION)}});
  if (!flags.ports_file.empty()) WritePortsFile(flags.ports_file, server);
  ReturnMemory();
  const auto reloader = MakeReloader(flags, venues, std::move(files), server);
  std::optional<HangupThread> reloads([&reloader] { OnHangup(reloader.get()); });
  int number = 0;
  sigwait(&stop, &number);
  guard.emplace(stop, drain_delay + kStopPatience);
  Drain(server, drain_delay);
  // Waits for a reload that is under way, and the guard for both.
  reloads.reset();
  Log(LogEvent::kStopping, "stopping");
  server.Stop();
  Log(LogEvent::kStopped, "stopped");
  batch.emplace();
  return EX_OK;
}

}  // namespace

int RunService(const std::vector<std::string>& arguments, const Venues& venues,
               const GrpcEngine& grpc) {
  if (const std::vector<std::string> faults = FaultsOf(venues); !faults.empty()) {
    for (const std::string& fault : faults) std::cerr << "balance-service: " << fault << "\n";
    return EX_SOFTWARE;
  }
  const auto flags = ParseFlags(arguments);
  if (!flags) {
    std::cerr << "balance-service: " << flags.error().message << "\n";
    return EX_USAGE;
  }
  if (flags->mode == Flags::Mode::kHelp) {
    std::cout << FlagsHelp(venues);
    return EX_OK;
  }
  if (flags->mode == Flags::Mode::kVersion) {
    std::cout << "balance-service " << BALANCE_VERSION << "\n";
    return EX_OK;
  }
  ForbidCoreDumps();
  if (sodium_init() < 0) {
    std::cerr << "balance-service: libsodium cannot start\n";
    return EX_SOFTWARE;
  }
  if (flags->mode == Flags::Mode::kCheckConfig) return CheckConfig(*flags, venues);
  std::optional<sigset_t> stop;
  if (flags->mode == Flags::Mode::kServe) stop = BlockSignals();
  FileStates files;
  ConfigResult config = Load(*flags, venues, &files);
  if (!config) {
    std::cerr << "balance-service: " << Summary(config.error()) << "\n";
    return EX_CONFIG;
  }
  if (!stop) {
    std::cout << PrintConfig(*config);
    return EX_OK;
  }
  if (config->server.engine == ServerEngine::kGrpc && !grpc) {
    std::cerr << "balance-service: " << BecomeOtherProgram(arguments) << "\n";
    return EX_UNAVAILABLE;
  }
  return Serve(*flags, venues, std::move(*config), std::move(files), *stop, grpc);
}

}  // namespace balance
