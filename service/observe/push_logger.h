#pragma once

// Logs when a push socket comes to be, fails, fails otherwise, and comes back, not each failure
// again. A venue that restarts ends thousands of sockets at once, so lines are left out, and
// counted, beyond what LineBudget allows.

#include <cstdint>

#include "clients/core/clock.h"
#include "clients/core/mutex.h"
#include "service/observe/line_budget.h"
#include "service/observe/push_monitor.h"

namespace balance {

// A decorator; `next` must outlive it. Called on the shards' threads.
class PushLogger final : public PushMonitor {
 public:
  // `clock` must outlive it too.
  PushLogger(PushMonitor& next, const Clock& clock);
  PushLogger(const PushLogger&) = delete;
  PushLogger& operator=(const PushLogger&) = delete;
  ~PushLogger() override;

  void OnPushUp(const PushStatus& before) override;
  void OnPushFailure(const PushStatus& before, PushEnd why, const Error& error) override;
  void OnHint(const SourceInfo& source, HintResult result) override;

 private:
  // Whether there is room for one more line; then those that were left out before it are told of.
  bool MayLog();

  PushMonitor& next_;
  const Clock& clock_;
  Mutex mutex_;
  LineBudget lines_ BALANCE_GUARDED_BY(mutex_);
};

}  // namespace balance
