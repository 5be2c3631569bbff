#pragma once

// The command line of balance-service. Pure.

#include <string>
#include <vector>

#include "clients/core/result.h"
#include "clients/venue/venue.h"

namespace balance {

struct Flags {
  enum class Mode { kServe, kCheckConfig, kPrintConfig, kVersion, kHelp };

  Mode mode = Mode::kServe;
  // Empty: the environment-only mode.
  std::string config;
  // Where to write the addresses once the service serves. Empty: nowhere.
  std::string ports_file;
};

// Fails with kInvalidInput and a sentence on anything unknown.
Result<Flags> ParseFlags(const std::vector<std::string>& arguments);

// What --help prints of a service with these venues.
std::string FlagsHelp(const Venues& venues);

}  // namespace balance
