#pragma once

// A unary call that waits for accounts on their shards.

#include <grpcpp/support/server_callback.h>

#include <atomic>
#include <functional>
#include <memory>
#include <vector>

#include "service/feed/account_handle.h"

namespace balance {

// Lives from its creation in a handler to OnDone, when it deletes itself. Every call ends by
// itself: each read answers, or is withdrawn when the caller leaves, and the last one finishes the
// call.
class WaitingCall final : public grpc::ServerUnaryReactor {
 public:
  struct Read {
    AccountHandle* handle = nullptr;
    AccountRead read;
  };
  // Makes the response of the answers, in the order of the reads. Called at most once, on the shard
  // of the account that came last; not called if the caller has left.
  using Respond = std::function<grpc::Status(std::vector<AccountAnswer>)>;
  using OnFinish = std::function<void(grpc::StatusCode)>;

  WaitingCall(Respond respond, OnFinish on_finish);

  // Starts the reads; the call may be finished before this returns. REQUIRES: `reads` is not empty;
  // called once, before the handler returns the reactor.
  void Start(std::vector<Read> reads);

  void OnCancel() override;
  void OnDone() override { delete this; }

 private:
  ~WaitingCall() override = default;

  void EndOne();

  const Respond respond_;
  const OnFinish on_finish_;
  std::vector<AccountAnswer> answers_;
  std::vector<std::shared_ptr<ReadTicket>> tickets_;
  std::atomic<std::size_t> open_ = 0;
  std::atomic<bool> withdrawn_ = false;
};

}  // namespace balance
