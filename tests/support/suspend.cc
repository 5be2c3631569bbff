#include "tests/support/suspend.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>

namespace {

constexpr std::int64_t kNanosPerSecond = 1'000'000'000;

using Nanoseconds = std::atomic<std::int64_t>;
static_assert(sizeof(Nanoseconds) == sizeof(std::int64_t) && Nanoseconds::is_always_lock_free);

Nanoseconds own_suspended{0};
std::atomic<Nanoseconds*> suspended{&own_suspended};

// Constructor of the preloaded module. Before it has run, clocks are read as if never suspended.
[[gnu::constructor]] void ShareFile() {
  const char* path = std::getenv("SUSPEND_FILE");
  if (!path) return;
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) std::abort();
  void* shared = mmap(nullptr, sizeof(Nanoseconds), PROT_READ, MAP_SHARED, fd, 0);
  close(fd);
  if (shared == MAP_FAILED) std::abort();
  suspended = static_cast<Nanoseconds*>(shared);
}

bool RunsInSuspend(clockid_t clock) {
  return clock == CLOCK_BOOTTIME || clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE;
}

}  // namespace

extern "C" int clock_gettime(clockid_t clock, timespec* time) noexcept {
  const long result = syscall(SYS_clock_gettime, clock, time);
  if (result != 0 || !RunsInSuspend(clock)) return static_cast<int>(result);
  const std::int64_t nanos = time->tv_nsec + suspended.load()->load();
  time->tv_sec += nanos / kNanosPerSecond;
  time->tv_nsec = nanos % kNanosPerSecond;
  return 0;
}

namespace balance {

void Suspend(std::chrono::nanoseconds time) { own_suspended += time.count(); }

}  // namespace balance
