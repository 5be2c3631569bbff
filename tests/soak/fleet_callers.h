#pragma once

// Callers of a whole fleet, with the service config that is published, and of each replica alone.

#include <grpcpp/channel.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "clients/core/mutex.h"
#include "proto/balance_v1_grpc.h"
#include "tests/soak/answer_log.h"
#include "tests/soak/fleet_replicas.h"
#include "tests/soak/judge.h"

namespace balance {

class FleetCallers {
 public:
  // Full names of the sources that are read.
  static const std::vector<std::string>& Sources();

  // Call until Stop(), on threads of their own. What they are told is judged, and added to `log` as
  // of the wallet "main". `replicas`, which are all to serve, and `log` must outlive this.
  FleetCallers(const FleetReplicas& replicas, const JudgeTimes& times, AnswerLog& log,
               int calls_per_second, std::uint64_t seed);
  ~FleetCallers() { Stop(); }

  // From now on nobody asks for more than a reading within its TTL.
  void BeCalm() { is_calm_ = true; }

  // Whether each replica shows a FRESH reading of each source, and can use Redis.
  bool IsAllWell() const;

  void Stop();

  // Prints how many calls there were so far, on one line without its end.
  void PrintCalls() const;
  // Prints what they were told. Whether no call failed, and there was enough of everything.
  bool Judge() const;

 private:
  // A reading, by its source and its observe time in nanoseconds since 1970.
  using Reading = std::pair<std::string, std::int64_t>;

  void CallOnAndOn(std::uint64_t seed, std::chrono::nanoseconds interval);
  void CallAccount(const v1::ReadPolicy& policy);
  // Asks for no older reading than the newest that the caller was told of this source.
  void CallSource(const std::string& source, std::int64_t& newest);
  // What a replica tells never goes back.
  void FollowOnAndOn(std::size_t replica);
  void Note(const v1::SourceBalance& source);
  // Counts a call that ended with an error. One about the venues is an answer, no failure.
  void NoteError(const grpc::Status& status);

  const FleetReplicas& replicas_;
  const JudgeTimes times_;
  AnswerLog& log_;
  std::unique_ptr<v1::BalanceService::Stub> stub_;
  // Of each replica alone.
  std::vector<std::unique_ptr<v1::BalanceService::Stub>> stubs_;
  std::atomic<bool> is_stopped_ = false;
  std::atomic<bool> is_calm_ = false;
  std::atomic<long> calls_ = 0;
  std::atomic<long> without_data_ = 0;
  std::atomic<long> failed_ = 0;
  std::atomic<long> followed_ = 0;
  std::atomic<long> shared_ = 0;
  mutable Mutex mutex_;
  // Cash and request id of each reading that was told, and how often each failure was.
  std::map<Reading, std::pair<CashByCurrency, std::string>> readings_ BALANCE_GUARDED_BY(mutex_);
  std::map<std::string, long> failures_ BALANCE_GUARDED_BY(mutex_);
  std::vector<std::jthread> threads_;
};

}  // namespace balance
