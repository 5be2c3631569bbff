#pragma once

// A unary call that waits for accounts on their shards.

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "service/feed/account_handle.h"
#include "service/rpc/incoming_call.h"

namespace balance {

// Every call ends by itself: each read answers, or is withdrawn when the caller leaves, and the
// last one finishes the call.
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

  explicit WaitingCall(Finish finish) : finish_(std::move(finish)) {}

  // Starts the reads; the call may be finished before this returns. REQUIRES: `reads` is not empty,
  // the call keeps this, and its handler has not returned; called once.
  void Start(std::vector<Read> reads);

  void OnCallerLeft() override;

 private:
  void EndOne();

  const Finish finish_;
  std::vector<AccountAnswer> answers_;
  std::vector<std::shared_ptr<ReadTicket>> tickets_;
  std::atomic<std::size_t> open_ = 0;
  std::atomic<bool> withdrawn_ = false;
};

}  // namespace balance
