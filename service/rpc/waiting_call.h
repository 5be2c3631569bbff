#pragma once

// A unary call that is answered later: it waits for its accounts on their shards, or for its turn
// on the encoding thread.

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "clients/core/mutex.h"
#include "service/feed/account_handle.h"
#include "service/transport/call.h"

namespace balance {

// Every call ends by itself: each read answers, or is withdrawn when the caller leaves, and the
// last one finishes the call. Thread-safe; lives until the call is finished.
class WaitingCall final : public CallWork {
 public:
  struct Read {
    AccountHandle* handle = nullptr;
    AccountRead read;
  };
  // Finishes the call with the answers, in the order of the reads, or with nothing if the caller
  // has left. Called exactly once, on the shard of the account that came
  // last or, if all came early, by Start().
  using Finish = std::function<void(std::optional<std::vector<AccountAnswer>>)>;

  // Starts the reads; the call may be finished before this returns. After the caller has left none
  // is started. REQUIRES: `reads` is not empty; the call keeps this; called at most once.
  void Start(std::vector<Read> reads, Finish finish);

  bool caller_has_left() const { return caller_has_left_; }

  void OnCallerLeft() override;

 private:
  void EndOne();

  Finish finish_;
  std::vector<AccountAnswer> answers_;
  std::atomic<std::size_t> open_ = 0;
  std::atomic<bool> withdrawn_ = false;
  std::atomic<bool> caller_has_left_ = false;
  Mutex mutex_;
  std::vector<std::shared_ptr<ReadTicket>> tickets_ BALANCE_GUARDED_BY(mutex_);
};

}  // namespace balance
