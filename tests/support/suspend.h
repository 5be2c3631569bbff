#pragma once

// A machine that can be suspended, as its programs see it: after the resume CLOCK_BOOTTIME and
// CLOCK_REALTIME have gone on and CLOCK_MONOTONIC has not. The timers of the kernel stay on the
// real CLOCK_MONOTONIC, which a suspend stops too.
//
// suspend.cc replaces clock_gettime() in the program that it is linked into. As a module it does so
// in a process that it is preloaded into: there $SUSPEND_FILE names a file whose first eight bytes
// are the nanoseconds that the process has been suspended for so far.

#include <chrono>

namespace balance {

// Suspends this program for `time` and resumes it. Thread-safe.
void Suspend(std::chrono::nanoseconds time);

}  // namespace balance
