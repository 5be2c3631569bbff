#include <pthread.h>
#include <signal.h>
#include <sysexits.h>

#include <cstdlib>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include "clients/core/standard_descriptors.h"
#include "tests/sandbox/env_file.h"
#include "tests/sandbox/flags.h"
#include "tests/sandbox/login_folder.h"
#include "tests/sandbox/sandbox.h"

namespace balance::sandbox {
namespace {

std::optional<std::string> GetEnvironment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (!value) return std::nullopt;
  return value;
}

// Blocked before any thread starts, so that the signals wait for sigwait().
sigset_t BlockSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : {SIGTERM, SIGINT}) sigaddset(&signals, number);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  return signals;
}

Result<void> Announce(const Sandbox& sandbox, const Flags& flags) {
  if (!flags.quiet) {
    std::cout << "Polymarket US on " << sandbox.BaseUrl(Side::kPolymarket) << "\n"
              << "PolySimulator on " << sandbox.BaseUrl(Side::kPolysimulator) << "\n"
              << "control on       " << sandbox.ControlUrl() << std::endl;
  }
  if (flags.env_file.empty()) return {};
  return WriteEnvFile(flags.env_file,
                      {{"POLYMARKET_KEY_ID", sandbox.polymarket_key().key_id},
                       {"POLYMARKET_SECRET_KEY", sandbox.polymarket_key().secret_key},
                       {"POLYMARKET_BASE_URL", sandbox.BaseUrl(Side::kPolymarket)},
                       {"POLYSIM_API_KEY", sandbox.polysim_key().api_key},
                       {"POLYSIM_BASE_URL", sandbox.BaseUrl(Side::kPolysimulator)},
                       {"SANDBOX_CONTROL_URL", sandbox.ControlUrl()}});
}

int Main(const std::vector<std::string>& arguments) {
  auto flags = ParseFlags(arguments, GetEnvironment);
  if (!flags) {
    std::cerr << "upstream-sandbox: " << flags.error().message << "\n";
    return EX_USAGE;
  }
  if (flags->help) {
    std::cout << FlagsHelp();
    return EX_OK;
  }
  if (!flags->login_folder.empty()) {
    if (const auto used = UseLoginFolder(flags->login_folder, flags->options); !used) {
      std::cerr << "upstream-sandbox: " << used.error().message << "\n";
      return EX_UNAVAILABLE;
    }
    if (flags->only_logins) return EX_OK;
  }
  const sigset_t signals = BlockSignals();
  const auto sandbox = Sandbox::Start(flags->options);
  if (!sandbox) {
    std::cerr << "upstream-sandbox: " << sandbox.error().message << "\n";
    return EX_UNAVAILABLE;
  }
  if (const auto announced = Announce(**sandbox, *flags); !announced) {
    std::cerr << "upstream-sandbox: " << announced.error().message << "\n";
    return EX_UNAVAILABLE;
  }
  int number = 0;
  sigwait(&signals, &number);
  return EX_OK;
}

}  // namespace
}  // namespace balance::sandbox

int main(int argc, char** argv) { return balance::sandbox::Main({argv + 1, argv + argc}); }
