#pragma once

// An upstream login whose behaviour a test sets from its own thread, in real time.

#include <atomic>
#include <memory>
#include <string>

#include "clients/core/balance_source.h"
#include "clients/core/clock.h"
#include "clients/core/mutex.h"

namespace balance {

// Thread-safe. Must outlive the sources that it makes.
class ScriptedUpstream {
 public:
  // At first, answers with nothing held.
  explicit ScriptedUpstream(Clock& clock) : clock_(clock) {}

  std::unique_ptr<BalanceSource> MakeSource();

  // From the next request on.
  void AnswerWith(const std::string& cash);
  void FailWith(ErrorKind kind);
  // Requests stay open until their deadline.
  void Hang();

  int requests() const { return requests_; }

 private:
  friend class ScriptedSource;

  Clock& clock_;
  std::atomic<int> requests_ = 0;
  Mutex mutex_;
  std::string cash_ BALANCE_GUARDED_BY(mutex_) = "0";
  bool fails_ BALANCE_GUARDED_BY(mutex_) = false;
  bool hangs_ BALANCE_GUARDED_BY(mutex_) = false;
  ErrorKind failure_ BALANCE_GUARDED_BY(mutex_) = ErrorKind::kUnreachable;
};

}  // namespace balance
