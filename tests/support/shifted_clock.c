// Preloaded into the service: a machine whose wall clock is off by $CLOCK_SHIFT_SECONDS.

#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static long shift;

__attribute__((constructor)) static void read_shift(void) {
  const char* seconds = getenv("CLOCK_SHIFT_SECONDS");
  if (seconds) shift = atol(seconds);
}

int clock_gettime(clockid_t clock, struct timespec* time) {
  const long result = syscall(SYS_clock_gettime, clock, time);
  if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
    time->tv_sec += shift;
  }
  return (int)result;
}
