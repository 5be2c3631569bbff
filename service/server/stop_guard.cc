#include "service/server/stop_guard.h"

#include <pthread.h>
#include <spdlog/async.h>
#include <spdlog/spdlog.h>
#include <sysexits.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

namespace balance {
namespace {

using std::chrono::milliseconds;

constexpr auto kLogPatience = milliseconds(500);
constexpr auto kLogPoll = milliseconds(5);

// Waits until what was logged so far is written, or not if nobody reads the log.
void FlushLog() {
  // The writing thread takes this up when it is done with everything before it.
  spdlog::default_logger()->flush();
  const auto pool = spdlog::thread_pool();
  for (auto waited = milliseconds(0); pool && pool->queue_size() > 0 && waited < kLogPatience;
       waited += kLogPoll) {
    std::this_thread::sleep_for(kLogPoll);
  }
}

}  // namespace

StopGuard::StopGuard(const sigset_t& signals, Duration patience) : signals_(signals) {
  thread_ = std::thread([this, end = std::chrono::steady_clock::now() + patience] { Watch(end); });
}

StopGuard::~StopGuard() {
  stopped_ = true;
  pthread_kill(thread_.native_handle(), SIGHUP);
  thread_.join();
}

void StopGuard::Watch(SteadyTime end) {
  while (true) {
    const auto left = std::max(end - std::chrono::steady_clock::now(), Duration::zero());
    const auto seconds = std::chrono::floor<std::chrono::seconds>(left);
    const timespec timeout{seconds.count(), (left - seconds).count()};
    const int number = sigtimedwait(&signals_, nullptr, &timeout);
    if (stopped_) return;
    if (number == SIGTERM || number == SIGINT) {
      spdlog::warn("asked to stop a second time: end at once");
      FlushLog();
      _exit(EX_OK);
    }
    if (std::chrono::steady_clock::now() >= end) {
      spdlog::critical("the stop hangs: end without it");
      FlushLog();
      _exit(EX_SOFTWARE);
    }
  }
}

}  // namespace balance
