#pragma once

// A client of WatchAccountSnapshots that calls again when its stream ends, as README.md says it
// should, folds what it is told with the view of balancectl, and holds each server and the whole of
// them to their promises.

#include <grpcpp/alarm.h>
#include <grpcpp/client_context.h>
#include <grpcpp/support/client_callback.h>

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "clients/balancectl/watch_view.h"
#include "clients/core/mutex.h"
#include "proto/balance_v1_grpc.h"
#include "tests/support/stream_judge.h"

namespace balance {

// What many watchers have seen. Thread-safe.
class WatchFindings {
 public:
  void AddWrong(std::string what);
  void OnEnd(const grpc::Status& status);

  // What was against the promises.
  std::vector<std::string> wrong() const;
  // How many streams ended so, by code.
  std::map<int, int> ends() const;

 private:
  mutable Mutex mutex_;
  std::vector<std::string> wrong_ BALANCE_GUARDED_BY(mutex_);
  std::map<int, int> ends_ BALANCE_GUARDED_BY(mutex_);
};

// Thread-safe. gRPC's threads call it.
class ResumingWatcher {
 public:
  // All must outlive it. The request names its accounts. `seed` spreads its pauses.
  ResumingWatcher(v1::BalanceService::Stub& stub, const v1::WatchAccountSnapshotsRequest& request,
                  WatchFindings& findings, unsigned seed);
  ResumingWatcher(const ResumingWatcher&) = delete;
  ResumingWatcher& operator=(const ResumingWatcher&) = delete;
  // Ends the stream and waits for it.
  ~ResumingWatcher();

  // Whether the initial state of a stream that goes on has come.
  bool is_watching() const { return is_watching_; }
  // Cash of a source as the client shows it, "" if it shows none. `source` is its whole name.
  std::string Cash(const std::string& account, const std::string& source) const;

 private:
  class Attempt;
  using Message = v1::WatchAccountSnapshotsResponse;

  void Call();
  void OnMessage(const Message& message);
  void OnEnd(const grpc::Status& status);
  // Of all that the client has ever shown.
  void JudgeView() BALANCE_REQUIRES(mutex_);

  v1::BalanceService::Stub& stub_;
  const v1::WatchAccountSnapshotsRequest request_;
  WatchFindings& findings_;
  std::atomic<bool> is_watching_ = false;
  mutable Mutex mutex_;
  ConditionVariable has_ended_;
  bool is_stopped_ BALANCE_GUARDED_BY(mutex_) = false;
  bool is_over_ BALANCE_GUARDED_BY(mutex_) = false;
  std::minstd_rand random_ BALANCE_GUARDED_BY(mutex_);
  std::shared_ptr<Attempt> attempt_ BALANCE_GUARDED_BY(mutex_);
  // Made anew for each pause: gRPC may still be in the callback of the one before.
  std::unique_ptr<grpc::Alarm> alarm_ BALANCE_GUARDED_BY(mutex_);
  std::optional<std::chrono::nanoseconds> reconnect_after_ BALANCE_GUARDED_BY(mutex_);
  std::chrono::milliseconds pause_ BALANCE_GUARDED_BY(mutex_);
  ctl::WatchView view_ BALANCE_GUARDED_BY(mutex_);
  // Of the stream that runs.
  StreamJudge judge_ BALANCE_GUARDED_BY(mutex_);
  // The newest observe time that was ever shown, by source.
  std::map<std::string, ctl::WallTime> shown_ BALANCE_GUARDED_BY(mutex_);
};

}  // namespace balance
