#include "service/server/flags.h"

#include <cstddef>
#include <optional>
#include <sstream>

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

std::string NamesOf(const Venues& venues) {
  std::string names;
  for (std::size_t i = 0; i < venues.size(); ++i) {
    if (i > 0) names += i + 1 == venues.size() ? " and " : ", ";
    names += venues[i]->facts().name;
  }
  return names;
}

// All environment variables that count without a configuration file, in a sentence.
std::string VariablesOf(const Venues& venues) {
  std::string logins;
  std::string options;
  for (const Venue* venue : venues) {
    const VenueFacts& facts = venue->facts();
    if (!logins.empty()) logins += " and/or ";
    for (std::size_t i = 0; i < facts.login.size(); ++i) {
      logins.append(i > 0 ? ", " : "").append(facts.login[i].variable);
    }
    options.append(facts.base_url_variable).append(", ");
    if (!facts.fund_class_variable.empty()) options.append(facts.fund_class_variable).append(", ");
  }
  return logins + ", and optionally " + options +
         "BALANCE_LISTEN, BALANCE_ADMIN_LISTEN, BALANCE_DRAIN_DELAY, BALANCE_PUSH";
}

// `text` as lines in the right column of the help.
std::string Wrapped(const std::string& text) {
  constexpr std::size_t kColumn = 21;
  constexpr std::size_t kWidth = 95;
  std::istringstream words(text);
  std::string wrapped;
  std::string line(kColumn - 1, ' ');
  for (std::string word; words >> word;) {
    if (line.size() + 1 + word.size() > kWidth) {
      wrapped += line + "\n";
      line.assign(kColumn - 1, ' ');
    }
    line += " " + word;
  }
  return wrapped + line + "\n";
}

}  // namespace

Result<Flags> ParseFlags(const std::vector<std::string>& arguments) {
  Flags flags;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
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

std::string FlagsHelp(const Venues& venues) {
  return "balance-service: account balances of " + NamesOf(venues) + " over gRPC\n" +
         R"(
Usage: balance-service [--config FILE] [OPTION]

  --config FILE      serve what FILE configures. Without it: one account "default" from
)" + Wrapped(VariablesOf(venues)) +
         R"(  --check-config     say all that is wrong with the configuration and exit: 0 if nothing, else 1
  --print-config     print the effective configuration, secrets masked, and exit
  --ports-file FILE  once serving, write the bound addresses to FILE: grpc=HOST:PORT and
                     admin=HOST:PORT, a line each
  --version          print the version and exit
  --help             print this and exit

Signals: SIGTERM and SIGINT drain and stop (a second one stops at once), SIGHUP reads the
configuration and all files that it names anew.

Exit codes: 0 stopped as asked, 1 failed --check-config, 64 usage, 69 an address cannot be had,
70 the stop hung or the program is at fault, 78 configuration.
)";
}

}  // namespace balance
