#pragma once

// Carries out one command: calls the service, writes the answer, says how it went.

#include <functional>
#include <iosfwd>

#include "clients/balancectl/args.h"
#include "clients/balancectl/terminal_text.h"
#include "clients/balancectl/time_text.h"

namespace balance::ctl {

// Where answers and complaints go, and what time it is. All borrowed.
struct Surroundings {
  std::ostream& out;
  std::ostream& err;
  Canvas canvas;
  std::function<WallTime()> now;
};

// Blocks for at most about args.timeout. Returns the exit status (exit_code.h); nothing is written
// to `out` unless there is a whole answer, and each failure is one line on `err`.
int Run(const Args& args, const Surroundings& surroundings);

}  // namespace balance::ctl
