#include "service/feed/loop_heartbeat.h"

#include <algorithm>
#include <utility>

namespace balance {

LoopHeartbeat::LoopHeartbeat(LoopExecutor executor, Clock& clock)
    : clock_(clock), alarm_(std::move(executor), clock), last_(SteadyTime::min()) {}

void LoopHeartbeat::Start() {
  stretch_end_ = clock_.SteadyNow() + kMemory;
  Beat();
}

void LoopHeartbeat::Stop() { alarm_.Cancel(); }

void LoopHeartbeat::Beat() {
  const SteadyTime now = clock_.SteadyNow();
  {
    const MutexLock lock(mutex_);
    last_ = now;
  }
  has_beaten_.NotifyAll();
  due_ = now + kInterval;
  alarm_.Set(due_, [this] {
    const SteadyTime fired = clock_.SteadyNow();
    if (fired >= stretch_end_) {
      worst_before_ = std::exchange(worst_, Duration(0));
      stretch_end_ = fired + kMemory;
    }
    worst_ = std::max(worst_, fired - due_);
    Beat();
  });
}

bool LoopHeartbeat::IsBeating(Duration patience) const {
  const SteadyTime asked = clock_.SteadyNow();
  const MutexLock lock(mutex_);
  const auto is_recent = [&]() BALANCE_REQUIRES(mutex_) { return last_ >= asked - patience; };
  return has_beaten_.WaitFor(mutex_, patience, is_recent);
}

}  // namespace balance
