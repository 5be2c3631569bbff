#pragma once

// Standard input, output and error, whoever started the program.

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>

namespace balance {

// Opens /dev/null on those that are closed. Without it the first socket or file of the program
// becomes its standard error, and the log is written into it. Ends the program if that fails.
// REQUIRES: called first thing in main(), before anything else opens a descriptor.
inline void OpenStandardDescriptors() {
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (fcntl(descriptor, F_GETFD) != -1) continue;
    // The lowest free descriptor, which is this one: those below are open.
    if (open("/dev/null", O_RDWR) != descriptor) std::abort();
  }
}

}  // namespace balance
