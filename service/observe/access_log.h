#pragma once

// The audit log: one line for each call that was refused because of who is calling, and for each
// that failed and names a trace, up to a limit that keeps strangers from filling the disk or
// pushing other lines out.

#include <cstdint>
#include <optional>
#include <vector>

#include "clients/core/clock.h"
#include "clients/core/mutex.h"
#include "service/observe/line_budget.h"
#include "service/rpc/rpc_observer.h"

namespace balance {

// A decorator; `next` must outlive it. Thread-safe.
class AccessLog final : public RpcObserver {
 public:
  // `clock` must outlive it too.
  AccessLog(RpcObserver& next, const Clock& clock);
  AccessLog(const AccessLog&) = delete;
  AccessLog& operator=(const AccessLog&) = delete;
  // Says how many lines were left out last.
  ~AccessLog() override;

  void OnStarted(RpcMethod method) override { next_.OnStarted(method); }
  void OnHandled(RpcMethod method, StatusCode code, Duration took) override {
    next_.OnHandled(method, code, took);
  }
  void OnWatchBegun() override { next_.OnWatchBegun(); }
  void OnWatchEnded(WatchEnd why) override { next_.OnWatchEnded(why); }
  void OnWatchMessage(WatchEvent event, std::int64_t skipped) override {
    next_.OnWatchMessage(event, skipped);
  }
  void OnWatchDelivered(Duration took) override { next_.OnWatchDelivered(took); }
  // `next` hears of each one. The first line after some that were left out says how many.
  void OnDenied(const AccessDenial& denial) override;
  // The same. Who names a trace will look for the call in the log.
  void OnTracedFailure(const TracedFailure& failure) override;

 private:
  // Takes a line from its budget; nullopt if there is none left. Returns how many were left out
  // before it.
  std::optional<std::uint64_t> TakeLine(AccessRefusal refusal);
  std::optional<std::uint64_t> TakeFailureLine();

  RpcObserver& next_;
  const Clock& clock_;
  Mutex mutex_;
  // By AccessRefusal: who shows nothing at all cannot hide a known caller who reaches for more.
  std::vector<LineBudget> budgets_ BALANCE_GUARDED_BY(mutex_);
  // Of calls that failed for other reasons.
  LineBudget failures_ BALANCE_GUARDED_BY(mutex_);
};

// The line itself: what callers wrote is quoted and cannot break it. Holds no token.
std::string ToLogLine(const AccessDenial& denial);

}  // namespace balance
