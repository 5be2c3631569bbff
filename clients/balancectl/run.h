#pragma once

// Carries out one command: calls the service, writes the answer, says how it went.

#include <cstddef>
#include <functional>
#include <iosfwd>

#include "clients/balancectl/args.h"
#include "clients/balancectl/terminal_text.h"
#include "clients/balancectl/time_text.h"

namespace balance::ctl {

// Size of a terminal in characters. 0: no limit.
struct Screen {
  std::size_t columns = 0;
  std::size_t rows = 0;
};

// Streams, clock and terminal that a command works with. All are borrowed and must outlive the
// command.
struct Surroundings {
  std::ostream& out;
  std::ostream& err;
  Canvas canvas;
  std::function<WallTime()> now;
  // Returns true once a command that goes on until it is stopped shall stop.
  std::function<bool()> is_stopped = [] { return false; };
  // True if `out` is a terminal on which a table can be drawn over an older one; `screen` returns
  // its size.
  bool updates_in_place = false;
  std::function<Screen()> screen = [] { return Screen(); };
};

// Blocks for at most about args.timeout. Returns the exit status (exit_code.h); nothing is written
// to `out` unless there is a whole answer, and each failure is one line on `err`. A watch writes
// what comes as it comes.
int Run(const Args& args, const Surroundings& surroundings);

}  // namespace balance::ctl
