#pragma once

// Standard input, output and error, whoever started the program. Included by the main.cc of each
// program, and by nothing else.

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace balance {

// Opens /dev/null on those that are closed. Without it the first socket or file of the program
// becomes its standard error, and the log is written into it. Uses system calls only: nothing else
// of the process is ready when it runs.
__attribute__((no_sanitize("address", "undefined", "thread"))) inline void
OpenStandardDescriptors() {
  for (int descriptor = STDIN_FILENO; descriptor <= STDERR_FILENO; ++descriptor) {
    if (syscall(SYS_fcntl, descriptor, F_GETFD) != -1) continue;
    // The lowest free descriptor, which is this one: those below are open.
    syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDWR);
  }
}

// Runs it before the constructors of shared libraries, for main() would be too late: libgrpc 1.51
// opens an eventfd as it is loaded.
[[gnu::used,
  gnu::section(".preinit_array")]] static void (*const kOpenedFirst)() = OpenStandardDescriptors;

}  // namespace balance
