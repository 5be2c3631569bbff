#include "clients/core/alarm.h"

#include <utility>

namespace balance {

Alarm::Alarm(LoopExecutor executor, Clock& clock) : executor_(std::move(executor)), clock_(clock) {}

Alarm::~Alarm() = default;

void Alarm::Set(SteadyTime when, std::function<void()> callback) {
  if (!timer_) timer_ = clock_.MakeTimer(executor_);
  timer_->Set(when, std::move(callback));
}

void Alarm::Cancel() {
  if (timer_) timer_->Cancel();
}

}  // namespace balance
