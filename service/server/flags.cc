#include "service/server/flags.h"

#include <optional>

namespace balance {
namespace {

// The value of `--name VALUE` or `--name=VALUE` at `i`, which it moves past; nullopt if another
// argument stands there.
std::optional<Result<std::string>> TakeValue(const std::vector<std::string>& arguments,
                                             std::size_t& i, const std::string& name) {
  const std::string& argument = arguments[i];
  if (argument.starts_with(name + "=")) return argument.substr(name.size() + 1);
  if (argument != name) return std::nullopt;
  if (i + 1 == arguments.size()) {
    return Fail(ErrorKind::kInvalidInput, name + " needs a value; see --help");
  }
  return arguments[++i];
}

}  // namespace

Result<Flags> ParseFlags(const std::vector<std::string>& arguments) {
  Flags flags;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string argument = arguments[i];
    if (argument == "--help" || argument == "-h") {
      flags.mode = Flags::Mode::kHelp;
      return flags;
    }
    if (argument == "--version") {
      flags.mode = Flags::Mode::kVersion;
      return flags;
    }
    if (argument == "--check-config") {
      flags.mode = Flags::Mode::kCheckConfig;
    } else if (argument == "--print-config") {
      flags.mode = Flags::Mode::kPrintConfig;
    } else if (auto config = TakeValue(arguments, i, "--config")) {
      if (!*config) return tl::unexpected(config->error());
      if ((*config)->empty()) {
        return Fail(ErrorKind::kInvalidInput, "--config needs the path of a file; see --help");
      }
      flags.config = **config;
    } else if (auto ports_file = TakeValue(arguments, i, "--ports-file")) {
      if (!*ports_file) return tl::unexpected(ports_file->error());
      flags.ports_file = **ports_file;
    } else {
      return Fail(ErrorKind::kInvalidInput, "unknown argument \"" + argument + "\"; see --help");
    }
  }
  return flags;
}

std::string FlagsHelp() {
  return R"(balance-service: account balances of Polymarket US and PolySimulator over gRPC

Usage: balance-service [--config FILE] [OPTION]

  --config FILE      serve what FILE configures. Without it: one account "default" from
                     POLYMARKET_KEY_ID, POLYMARKET_SECRET_KEY and/or POLYSIM_API_KEY, and
                     optionally POLYMARKET_BASE_URL, POLYMARKET_FUND_CLASS, POLYSIM_BASE_URL,
                     BALANCE_LISTEN, BALANCE_ADMIN_LISTEN, BALANCE_DRAIN_DELAY
  --check-config     say all that is wrong with the configuration and exit: 0 if nothing, else 1
  --print-config     print the effective configuration, secrets masked, and exit
  --ports-file FILE  once serving, write the bound addresses to FILE: grpc=HOST:PORT and
                     admin=HOST:PORT, a line each
  --version          print the version and exit
  --help             print this and exit

Signals: SIGTERM and SIGINT drain and stop (a second one stops at once), SIGHUP reads the
configuration's credentials anew.

Exit codes: 0 stopped as asked, 1 failed --check-config, 64 usage, 69 an address cannot be had,
78 configuration.
)";
}

}  // namespace balance
