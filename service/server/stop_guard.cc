#include "service/server/stop_guard.h"

#include <pthread.h>
#include <sysexits.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "service/observe/log_event.h"
#include "service/observe/logging.h"

namespace balance {

StopGuard::StopGuard(const sigset_t& signals, Duration patience) : signals_(signals) {
  thread_ = std::thread([this, end = std::chrono::steady_clock::now() + patience] { Watch(end); });
}

StopGuard::~StopGuard() {
  stopped_ = true;
  // NOLINTNEXTLINE(bugprone-bad-signal-to-kill-thread): the thread waits for this signal.
  pthread_kill(thread_.native_handle(), SIGTERM);
  thread_.join();
}

void StopGuard::Watch(std::chrono::steady_clock::time_point end) {
  while (true) {
    const auto left = std::max(end - std::chrono::steady_clock::now(), Duration::zero());
    const auto seconds = std::chrono::floor<std::chrono::seconds>(left);
    const timespec timeout{seconds.count(), (left - seconds).count()};
    const int number = sigtimedwait(&signals_, nullptr, &timeout);
    if (stopped_) return;
    if (number == SIGTERM || number == SIGINT) {
      Log(LogEvent::kStopForced, "asked to stop a second time: end at once");
      FlushLog();
      _exit(EX_OK);
    }
    if (std::chrono::steady_clock::now() >= end) {
      Log(LogEvent::kStopHung, "the stop hangs: end without it");
      FlushLog();
      _exit(EX_SOFTWARE);
    }
  }
}

}  // namespace balance
