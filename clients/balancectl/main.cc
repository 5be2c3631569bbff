// balancectl: the person's client of the balance service.

#include <absl/synchronization/mutex.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>

#include "clients/balancectl/args.h"
#include "clients/balancectl/run.h"
#include "clients/core/standard_descriptors.h"

namespace {

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// The size of the terminal; 0 if standard output is none.
balance::ctl::Screen TerminalSize() {
  winsize size = {};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) return {};
  return {size.ws_col, size.ws_row};
}

volatile std::sig_atomic_t is_stopped = 0;

// The first Ctrl-C ends a watch in good order, a second one at once.
void StopOnSignals() {
  struct sigaction action = {};
  action.sa_handler = [](int) { is_stopped = 1; };
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  for (const int number : {SIGINT, SIGTERM}) sigaction(number, &action, nullptr);
}

}  // namespace

int main(int argc, char** argv) {
  // A failed call is one line of ours; gRPC would add its own to standard error.
  setenv("GRPC_VERBOSITY", "NONE", 0);
  // Debian's abseil looks for deadlocks at each lock that gRPC takes, which costs a tenth of a
  // call.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);

  balance::ctl::Environment environment;
  environment.server = Variable("BALANCE_SERVER");
  environment.color_terminal = isatty(STDOUT_FILENO) == 1 && Variable("TERM") != "dumb";
  environment.no_color = !Variable("NO_COLOR").empty();

  const auto args = balance::ctl::ParseArgs(argc, argv, environment);
  if (!args) {
    (args.error().exit_code == 0 ? std::cout : std::cerr) << args.error().text << std::flush;
    return args.error().exit_code;
  }
  if (args->command == balance::ctl::Command::kWatch) StopOnSignals();
  balance::ctl::Surroundings surroundings{
      std::cout, std::cerr, {TerminalSize().columns, args->color}, [] {
        return balance::ctl::WallTime(std::chrono::system_clock::now());
      }};
  surroundings.is_stopped = [] { return is_stopped != 0; };
  surroundings.updates_in_place = environment.color_terminal;
  surroundings.screen = TerminalSize;
  return balance::ctl::Run(*args, surroundings);
}
