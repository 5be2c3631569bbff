#pragma once

// The command line of upstream-sandbox.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "clients/core/result.h"
#include "tests/sandbox/sandbox_options.h"

namespace balance::sandbox {

struct Flags {
  SandboxOptions options;
  // Empty: none is written.
  std::string env_file;
  // Empty: none; see login_folder.h.
  std::string login_folder;
  // Write the logins and end.
  bool only_logins = false;
  bool quiet = false;
  bool help = false;
};

using Environment = std::function<std::optional<std::string>(const std::string& name)>;

// Credentials that no flag gives come from the environment, if they are there. Fails with
// kInvalidInput and one sentence.
Result<Flags> ParseFlags(const std::vector<std::string>& arguments, const Environment& environment);

std::string FlagsHelp();

}  // namespace balance::sandbox
