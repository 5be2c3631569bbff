// balancectl: the person's client of the balance service.

#include <absl/synchronization/mutex.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <chrono>
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

// Columns of the terminal; 0 if standard output is none.
std::size_t TerminalWidth() {
  winsize size = {};
  return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
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
  return balance::ctl::Run(*args,
                           {std::cout, std::cerr, {TerminalWidth(), args->color}, [] {
                              return balance::ctl::WallTime(std::chrono::system_clock::now());
                            }});
}
